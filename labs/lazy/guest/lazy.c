/* SPDX-License-Identifier: MIT */
/* The tests of the lab lazy: what memory takes before it is used, what it holds, and where it ends. */
#include "programs.h"

#include <pthread.h>
#include <sched.h>

/* Seeds of what is written later, and by children, made from the one that the grader gives. */
#define LATER(seed)	((seed) + 1)
#define BY_CHILD(seed)	((seed) + 2)
#define BY_KERNEL(seed) ((seed) + 3)

/* Extends the heap by whole pages, from the start of a page on. */
static char *heap_more(size_t npages)
{
	uintptr_t end = (uintptr_t)sbrk(0);
	void *pages;

	if (end % PAGE && sbrk((intptr_t)(-end % PAGE)) == (void *)-1)
		fail("sbrk");
	pages = sbrk((intptr_t)(npages * PAGE));
	if (pages == (void *)-1)
		fail("sbrk");
	return pages;
}

static void heap_less(size_t npages)
{
	if (sbrk(-(intptr_t)(npages * PAGE)) == (void *)-1)
		fail("sbrk");
}

/* Words of a range that are not 0. */
static uint64_t not_zeros(const char *pages, size_t npages)
{
	const volatile uint64_t *words = (const volatile uint64_t *)pages;
	uint64_t count = 0;

	for (size_t i = 0; i < npages * WORDS; i++)
		count += words[i] != 0;
	return count;
}

/* Counts first and last words of pages that are not zero. */
static uint64_t not_zero_ends(const char *pages, size_t npages)
{
	uint64_t count = 0;

	for (size_t i = 0; i < npages; i++) {
		const volatile uint64_t *words = (const volatile uint64_t *)(pages + i * PAGE);

		count += (words[0] != 0) + (words[WORDS - 1] != 0);
	}
	return count;
}

/* Frames of earlier processes have other contents than zeros when they are used again. */
static void leave_dirt(size_t npages)
{
	int child = fork_child();

	if (child == 0) {
		char *pages = map_pages(npages, MAP_PRIVATE);

		memset(pages, 0xa5, npages * PAGE);
		_exit(0);
	}
	join_child(child);
}

/* A file with pages that are filled from a seed. */
static int file_of(size_t npages, uint64_t seed)
{
	int file = memfd_create("pages", 0);
	char *page = malloc(PAGE);

	for (size_t i = 0; i < npages; i++) {
		page_write(page, mix(seed, i));
		if (write(file, page, PAGE) != (ssize_t)PAGE)
			fail("write to a memfd");
	}
	free(page);
	return file;
}

/* ---- accesses that may be refused ---- */

/* The compiler makes a trap of an access to address 0, if it knows that it is one. */
#define UNKNOWN(at) __asm__("" : "+r"(at))

/*
 * Without signals a program ends at an access that is refused. So a child tries it, in its copy of the
 * memory. Returns 0, or how the child ended: 139 is a refusal.
 */
static uint64_t try_read(const volatile char *at)
{
	int child = fork_child();

	UNKNOWN(at);
	if (child == 0) {
		(void)*at;
		_exit(0);
	}
	return (uint64_t)wait_child(child);
}

static uint64_t try_write(volatile char *at)
{
	int child = fork_child();

	UNKNOWN(at);
	if (child == 0) {
		*at = *at;
		_exit(0);
	}
	return (uint64_t)wait_child(child);
}

/* The kernel writes a byte of a file into the program's own memory. Returns 0, or EFAULT if that is refused. */
static uint64_t kernel_write(int file, char *at)
{
	return pread(file, at, 1, 0) < 0 ? (uint64_t)errno : 0;
}

/* The error of a byte that the kernel reads there, to write it to the file; 0: it did. */
static uint64_t kernel_read(int file, const char *at)
{
	return write(file, at, 1) < 0 ? (uint64_t)errno : 0;
}

/* ---- what memory takes before it is used ---- */

/* A heap that is larger than the machine: of each part of it, one page is written, one is read. */
static void heap(uint64_t seed, size_t n)
{
	size_t parts = 256, part = n / parts;
	uint64_t total = 0, wrong = 0;
	char *pages;
	long before;

	leave_dirt(2000);
	before = private_frames();
	pages = heap_more(n);
	for (size_t i = 0; i < parts; i++)
		page_write(pages + (i * part + mix(seed, i) % (part / 2)) * PAGE,
			   mix(LATER(seed), i));
	result_frames("frames_taken", private_frames() - before);
	for (size_t i = 0; i < parts; i++) {
		size_t at = i * part + mix(seed, i) % (part / 2);

		total += page_read(pages + at * PAGE) * (2 * i + 1);
		wrong += not_zeros(pages + (at + part / 2) * PAGE, 1);
	}
	result("written", total);
	result("words_not_zero", wrong);
	heap_less(n);
	result("frames_kept", labs(private_frames() - before));
}

/* Frames that a child takes, of which nothing but its memory differs from the parent's. */
static long frames_of_a_child(void)
{
	long before = private_frames(), taken;
	struct channel down, up;
	int child;

	channel_open(&down);
	channel_open(&up);
	child = fork_child();
	if (child == 0) {
		tell(&up, 0);
		hear(&down);
		_exit(0);
	}
	hear(&up);
	taken = private_frames() - before;
	tell(&down, 0);
	join_child(child);
	return taken;
}

/*
 * brk and mmap take no frames, nor do others; what is written takes one for each page, and one more for the copy
 * that fork makes for the child. The heap is not copied here, as the program says so.
 */
static void frames(uint64_t seed, size_t n)
{
	size_t touched = n / 8;
	char *pages, *mapped;
	long before, written, child;

	child = frames_of_a_child();
	before = private_frames();
	pages = heap_more(n);
	result_frames("frames_taken_by_brk", private_frames() - before);
	mapped = map_pages(n, MAP_PRIVATE);
	result_frames("frames_taken_by_brk_and_mmap", private_frames() - before);
	fill(pages + (n - touched) * PAGE, touched, seed);
	fill(mapped, touched, LATER(seed));
	written = private_frames();
	result("frames_beyond_those_written", labs(written - before - 2 * (long)touched));
	mapped = mremap(mapped, n * PAGE, 2 * n * PAGE, MREMAP_MAYMOVE);
	if (mapped == MAP_FAILED)
		fail("mremap");
	result_frames("frames_taken_by_mremap", private_frames() - written);
	mapped = mremap(mapped, 2 * n * PAGE, 2 * n * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	if (mapped == MAP_FAILED)
		fail("mremap with MREMAP_DONTUNMAP");
	result_frames("frames_taken_by_mremap_with_DONTUNMAP", private_frames() - written);
	if (madvise(pages, n * PAGE, 18 /* MADV_WIPEONFORK */))
		fail("madvise");
	result("words_not_zero", not_zeros(mapped + n * PAGE, n));
	result_frames("frames_taken_by_fork_beyond_the_copies",
		      frames_of_a_child() - child - (long)touched);
	result("heap", sum(pages + (n - touched) * PAGE, touched));
	result("mapped", sum(mapped, touched));
	if (madvise(pages, n * PAGE, MADV_DONTNEED) || madvise(mapped, n * PAGE, MADV_DONTNEED))
		fail("madvise");
	result("frames_kept_by_madvise", labs(private_frames() - before));
}

/* Instructions, if time is counted in them. */
static void cost(uint64_t seed, size_t n)
{
	uint64_t before, taken;
	char *pages;

	heap_more(1);
	heap_less(1);
	before = nanoseconds();
	pages = heap_more(n);
	heap_less(n);
	taken = nanoseconds() - before;
	result("instructions_for_brk", taken);
	before = nanoseconds();
	pages = mmap(NULL, n * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages, n * PAGE, RW))
		fail("mmap");
	taken = nanoseconds() - before;
	result("instructions_for_mmap_and_mprotect", taken);
	fill(pages, 10, seed);
	before = nanoseconds();
	if (munmap(pages, n * PAGE))
		fail("munmap");
	result("instructions_for_munmap", nanoseconds() - before);
	pages = map_pages(10, MAP_PRIVATE);
	result("words_not_zero", not_zeros(pages, 10));
}

/* Memory that is only read, more of it than the machine has. Then some of it is written. */
static void reads(uint64_t seed, size_t n)
{
	size_t written = 100, apart = n / written;
	uint64_t total = 0, wrong = 0;
	char *pages;
	long before;

	leave_dirt(2000);
	before = private_frames();
	pages = map_pages(n, MAP_PRIVATE);
	result("words_not_zero", not_zero_ends(pages, n));
	result_frames("frames_taken", private_frames() - before);
	for (size_t i = 0; i < written; i++)
		page_write(pages + i * apart * PAGE, mix(seed, i));
	result("frames_beyond_those_written", labs(private_frames() - before - (long)written));
	for (size_t i = 0; i < written; i++) {
		total += page_read(pages + i * apart * PAGE) * (2 * i + 1);
		wrong += not_zeros(pages + (i * apart + 1) * PAGE, 2);
	}
	result("written", total);
	result("words_changed", wrong);
	if (munmap(pages, n * PAGE))
		fail("munmap");
	result("frames_kept", labs(private_frames() - before));
}

#define SHARERS	     16
#define SHARER_STACK (8 * MIB)

/* Threads, with stacks of 8 MiB each, write to pages that nobody has touched. */
static char *shared_pages;
static uint64_t sharer_seed;
static size_t sharer_pages;

static void *one_sharer(void *arg)
{
	size_t me = (size_t)(uintptr_t)arg;

	for (size_t i = 0; i < sharer_pages; i++) {
		((volatile uint64_t *)(shared_pages + i * PAGE))[me] = mix(sharer_seed + me, i);
		if (i % SHARERS == me)
			sched_yield();
	}
	return NULL;
}

static void sharers(uint64_t seed, size_t n)
{
	pthread_t threads[SHARERS];
	pthread_attr_t attr;
	uint64_t total = 0;

	shared_pages = map_pages(n, MAP_PRIVATE);
	sharer_seed = seed;
	sharer_pages = n;
	pthread_attr_init(&attr);
	for (uintptr_t i = 0; i < SHARERS; i++) {
		char *stack = map_pages(SHARER_STACK / PAGE, MAP_PRIVATE | MAP_STACK);

		if (pthread_attr_setstack(&attr, stack, SHARER_STACK) ||
		    pthread_create(&threads[i], &attr, one_sharer, (void *)i))
			fail("pthread_create");
	}
	for (size_t i = 0; i < SHARERS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < SHARERS; k++)
			total += ((uint64_t *)(shared_pages + i * PAGE))[k] * (2 * k + 1);
	result("written", total);
}

/* ---- the stack ---- */

/* Calls itself, with a page on the stack each time, which nobody else may write to. */
static __attribute__((noinline)) uint64_t dive(uint64_t seed, size_t depth)
{
	volatile uint64_t words[WORDS];
	uint64_t below;

	for (size_t i = 0; i < WORDS; i += 64)
		words[i] = mix(seed, depth) * (i + 1);
	below = depth ? dive(seed, depth - 1) : 0;
	for (size_t i = 0; i < WORDS; i += 64)
		if (words[i] != mix(seed, depth) * (i + 1))
			below += mix(seed, i);
	return below * 3 + words[0];
}

/* The last page of the stack has the program's arguments. */
static char **arguments;

static char *stack_end(void)
{
	return (char *)(((uintptr_t)arguments[0] | (PAGE - 1)) + 1);
}

/* The stack is not there yet where it will be, so other memory may be. */
static void deep(uint64_t seed, size_t n)
{
	char *lowest = stack_end() - n * PAGE;

	if (mmap(lowest, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
		    lowest ||
	    munmap(lowest, PAGE))
		fail("mmap where the stack has not grown yet");
	result("dive", dive(seed, n));
}

/*
 * A child writes to each page of the stack, from here down, until one is refused. Returns the lowest
 * that was not; *status is how the child ended.
 */
static char *touch_down(uint64_t *status)
{
	static char *volatile *lowest;
	int child;

	if (!lowest)
		lowest = (char *volatile *)map_pages(1, MAP_SHARED);
	*lowest = (char *)((uintptr_t)__builtin_frame_address(0) & ~(PAGE - 1));
	child = fork_child();
	if (child == 0) {
		for (volatile char *at = *lowest - PAGE;; at -= PAGE) {
			*at = *at;
			*lowest = (char *)at;
		}
	}
	*status = (uint64_t)wait_child(child);
	return *lowest;
}

/*
 * How the stack ends if there is no memory left that could be promised: the machine has commit=strict.
 * The kernel makes the access: there is none left for a child either.
 */
static void limit_of_memory(int file, char *far)
{
	void *taken[20];
	size_t n = 0;

	for (size_t size = 256 * MIB; size >= PAGE; size /= 2) {
		void *pages = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		taken[n++] = pages == MAP_FAILED ? NULL : pages;
	}
	result("with_no_memory_left", kernel_write(file, far));
	for (size_t i = 0; i < n; i++)
		if (taken[i] && munmap(taken[i], 256 * MIB >> i))
			fail("munmap");
}

/* Another stack has the same limit, from its own end: its one page is at `top`. */
static void limit_of_another(size_t n)
{
	char *room = mmap(NULL, 4 * n * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *top = room + (4 * n - 1) * PAGE;

	if (room == MAP_FAILED || munmap(room, 4 * n * PAGE) ||
	    mmap(top, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) !=
		    top)
		fail("mmap with MAP_GROWSDOWN");
	result("in_another_stack", try_write(top - (n - 1) * PAGE));
	result("below_another_stack", try_write(top - n * PAGE));
}

#define LOWEST_PAGE ((char *)PAGE) /* the kernel's USER_BASE; programs lie above 64 KiB */

/* A stack below the program may grow down to the lowest page, but not to address 0. */
static void lowest_stack(void)
{
	char *top = LOWEST_PAGE + 4 * PAGE;

	if (mmap(top, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN,
		 -1, 0) != top)
		fail("mmap with MAP_GROWSDOWN below the program");
	result("in_the_lowest_page", try_write(LOWEST_PAGE));
	result("at_address_0", try_write(LOWEST_PAGE - PAGE));
	if (munmap(NULL, 6 * PAGE))
		fail("munmap of the lowest pages");
}

/* Of a stack, whose limit is N pages, all can be used, and no more. A jump is allowed. */
static void limit(uint64_t seed, size_t n)
{
	volatile uint64_t *far = (volatile uint64_t *)(stack_end() - (n - 64) * PAGE);
	int file = file_of(1, seed);
	long reached, before;
	uint64_t status;

	limit_of_memory(file, (char *)far);
	limit_of_another(n);
	lowest_stack();
	if (try_write((volatile char *)far)) {
		say("failed stack: a page within its limit is refused\n");
		_exit(98);
	}
	before = private_frames();
	far[0] = seed;
	result_frames("frames_for_a_far_page", private_frames() - before);
	reached = (stack_end() - touch_down(&status)) / (long)PAGE;
	result("pages_missing", reached < (long)n ? (uint64_t)((long)n - reached) : 0);
	result("pages_beyond_the_limit", reached > (long)n ? (uint64_t)(reached - (long)n) : 0);
	result("below_the_stack", status);
	result("kernel_below_the_stack", kernel_write(file, stack_end() - (n + 1) * PAGE));
	result("far", far[0]);
}

/* What is mapped at an address in the gap makes the stack go on until there; then it is unmapped. */
static long pages_down_to(char *at, int prot, int flags)
{
	uint64_t status;
	char *end;

	if (mmap(at, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | flags, -1,
		 0) != at)
		fail("mmap in the gap below the stack");
	end = touch_down(&status);
	if (munmap(at, PAGE))
		fail("munmap in the gap below the stack");
	return (end - at) / (long)PAGE;
}

/*
 * The stack ends 256 pages above a mapping, too. It is the next one below that counts, unless nobody
 * can access it or it is a stack, too.
 */
static void neighbour(uint64_t seed, size_t n)
{
	char *mapped = mmap(stack_end() - n * PAGE, 16 * PAGE, RW,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	char *end = mapped + 16 * PAGE;
	uint64_t status;
	long gap;

	if (mapped == MAP_FAILED)
		fail("mmap below the stack");
	fill(mapped, 16, seed);
	gap = (touch_down(&status) - end) / (long)PAGE;
	result("pages_in_the_gap", gap < 256 ? (uint64_t)(256 - gap) : 0);
	result("pages_missing", gap > 256 ? (uint64_t)(gap - 256) : 0);
	result("below_the_stack", status);
	result("pages_to_an_inaccessible_page",
	       (uint64_t)pages_down_to(end + 200 * PAGE, PROT_NONE, 0));
	result("pages_to_another_stack",
	       (uint64_t)pages_down_to(end + 100 * PAGE, RW, MAP_GROWSDOWN));
	result("mapped", sum(mapped, 16));
}

/*
 * The kernel is the first to use pages of the stack, far below all that the program has used: it
 * writes to some, and reads others. No function's locals are there, as the stack pointer is above.
 */
static void stack_reads(uint64_t seed, size_t n)
{
	char *sp = (char *)((uintptr_t)__builtin_frame_address(0) & ~(PAGE - 1));
	char *pages = sp - (n + 32) * PAGE, *fresh = pages - (n / 2 + 32) * PAGE;
	int file = file_of(n, seed), zeros = memfd_create("zeros", 0);

	__asm__("" : "+r"(pages), "+r"(fresh)); /* not a part of this function's own frame */
	if (pread(file, pages, n * PAGE, 0) != (ssize_t)(n * PAGE))
		fail("read to the stack, below what was used of it");
	result("read", sum(pages, n));
	if (write(zeros, fresh, n / 2 * PAGE) != (ssize_t)(n / 2 * PAGE))
		fail("write from the stack, below what was used of it");
	if (pread(zeros, pages, n / 2 * PAGE, 0) != (ssize_t)(n / 2 * PAGE))
		fail("read to the stack");
	result("words_written", not_zeros(pages, n / 2));
	result("second_half", sum(pages + n / 2 * PAGE, n - n / 2));
}

/* ---- there is not enough memory ---- */

/*
 * A process that has read much, and written little. Its child writes to more than there is, and is
 * killed. Nobody else is.
 */
static void out_of_memory(uint64_t seed, size_t n)
{
	char *mine = map_pages(500, MAP_PRIVATE), *zeros = map_pages(n / 2, MAP_PRIVATE);
	long before = (long)resident_frames();
	uint64_t wrong = not_zero_ends(zeros, n / 2);
	int child;

	result_frames("frames_counted_for_the_reader", (long)resident_frames() - before);
	fill(mine, 500, seed);
	let_children_die(); /* the child is killed, as it should be */
	child = fork_child();
	if (child == 0) {
		char *pages = heap_more(n);

		if (munmap(zeros, n / 2 * PAGE))
			fail("munmap");
		fill(pages, n, BY_CHILD(seed));
		_exit(0);
	}
	result("child_ended_with", (uint64_t)wait_child(child));
	result("parent", sum(mine, 500));
	result("words_not_zero", wrong + not_zero_ends(zeros, n / 2));
	child = fork_child(); /* the memory is there again */
	if (child == 0) {
		fill(zeros, 6000, BY_CHILD(seed));
		result("child", sum(zeros, 6000));
		_exit(0);
	}
	join_child(child);
}

/* ---- what memory holds ---- */

/* The kernel reads and writes memory that the program has not touched. */
static void kernel(uint64_t seed, size_t n)
{
	int file = file_of(n, BY_KERNEL(seed)), zeros = memfd_create("zeros", 0);
	char *pages, *fresh = map_pages(n, MAP_PRIVATE);
	int pipes[2], *status, child;
	struct timespec *now;

	leave_dirt(1000);
	pages = heap_more(n);
	if (pread(file, pages, n * PAGE, 0) != (ssize_t)(n * PAGE))
		fail("read into a heap that was not touched");
	result("read", sum(pages, n));
	if (write(zeros, fresh, n / 2 * PAGE) != (ssize_t)(n / 2 * PAGE))
		fail("write from memory that was not touched");
	if (pread(zeros, pages, n / 2 * PAGE, 0) != (ssize_t)(n / 2 * PAGE))
		fail("read");
	result("words_written", not_zeros(pages, n / 2));
	result("second_half", sum(pages + n / 2 * PAGE, n - n / 2));

	pages = heap_more(16);
	if (pipe(pipes) || write(pipes[1], pages + PAGE, 2 * PAGE) != (ssize_t)(2 * PAGE))
		fail("write from a heap that was not touched");
	if (read(pipes[0], pages + 5 * PAGE - 100, 200) != 200 ||
	    read(pipes[0], pages + 9 * PAGE, 2 * PAGE - 200) != (ssize_t)(2 * PAGE - 200))
		fail("read into a heap that was not touched");
	result("words_in_the_pipe", not_zeros(pages, 16));

	status = (int *)(pages + 12 * PAGE - 4);
	now = (struct timespec *)(pages + 14 * PAGE - 8); /* on two pages */
	let_children_die();
	child = fork_child();
	if (child == 0)
		_exit((int)(seed & 63));
	if (waitpid(child, status, 0) != child || syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now))
		fail("waitpid or clock_gettime");
	result("child_ended_with", (uint64_t)WEXITSTATUS(*status));
	result("no_time", now->tv_sec == 0 && now->tv_nsec == 0);
}

/* Parent and child use parts of the same memory that nobody had touched before fork. */
static void forks(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE), *heap = heap_more(n);
	size_t third = n / 3;
	struct channel down, up;
	int child;

	channel_open(&down);
	channel_open(&up);
	fill(pages, third, seed);
	result("words_not_zero", not_zeros(pages + third * PAGE, third));
	child = fork_child();
	if (child == 0) {
		uint64_t found = sum(pages, third) + not_zeros(pages + third * PAGE, third);

		fill(pages + third / 2 * PAGE, n - third / 2, BY_CHILD(seed));
		fill(heap + third * PAGE, third, BY_CHILD(seed));
		tell(&up, found);
		hear(&down);
		tell(&up, sum(pages, n) + 3 * sum(heap + third * PAGE, third));
		result("words_of_the_parent", not_zeros(heap, third));
		_exit(0);
	}
	result("found", hear(&up));
	result("words_of_the_child", not_zeros(pages + third * PAGE, third));
	fill(pages + 2 * third * PAGE, third, LATER(seed));
	fill(heap, third, LATER(seed));
	tell(&down, 0);
	result("child", hear(&up));
	join_child(child);
	result("parent",
	       sum(pages, third) + 3 * sum(pages + 2 * third * PAGE, third) + 5 * sum(heap, third));
	result("words_of_the_child", not_zeros(heap + third * PAGE, third));
}

/* The heap shrinks: what is above its end is gone, and comes back as zeros. */
static void shrink(uint64_t seed, size_t n)
{
	char *pages, *edge;
	int file = file_of(1, seed);
	long before;

	before = private_frames();
	pages = heap_more(n);
	fill(pages, n, seed);
	if (sbrk(-(intptr_t)(n / 2 * PAGE + 100)) == (void *)-1)
		fail("sbrk");
	edge = pages + n / 2 * PAGE;
	result("frames_kept", labs(private_frames() - before - (long)n / 2));
	result("read_beyond", try_read(edge));
	result("write_beyond", try_write(edge + PAGE));
	result("write_far_beyond", try_write(edge + n * PAGE));
	result("kernel_beyond", kernel_write(file, edge));
	result("below", sum(pages, n / 2 - 1));
	if (sbrk((intptr_t)(n / 2 * PAGE + 100)) == (void *)-1)
		fail("sbrk");
	result("words_not_zero", not_zeros(edge, n / 2));
	result("last_bytes", ((uint64_t *)edge)[-12] || ((uint64_t *)edge)[-1]);
	result("too_much", sbrk((intptr_t)(1ul << 40)) == (void *)-1 ? (uint64_t)errno : 0);
	result("too_little", sbrk(-(intptr_t)(1ul << 36)) == (void *)-1 ? (uint64_t)errno : 0);
	fill(pages, n, LATER(seed));
	result("again", sum(pages, n));
}

/*
 * Memory of which all was read and nothing written is unmapped in part. What the program has left there
 * is not in a child's copy of the memory, so the kernel looks, too.
 */
static void unmapped_zeros(int file)
{
	char *pages = mmap(NULL, 32 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		fail("mmap");
	result("words_not_zero", not_zeros(pages, 32));
	if (munmap(pages + 8 * PAGE, 16 * PAGE))
		fail("munmap of memory that was only read");
	result("in_the_hole", try_read(pages + 8 * PAGE));
	result("in_the_hole", try_read(pages + 23 * PAGE));
	result("kernel_in_the_hole", kernel_read(file, pages + 8 * PAGE));
	result("kernel_in_the_hole", kernel_read(file, pages + 23 * PAGE));
	result("words_not_zero", not_zeros(pages, 8) + not_zeros(pages + 24 * PAGE, 8));
}

/* munmap, mprotect, mremap, madvise and MAP_FIXED of memory that was not touched, or in part. */
static void calls(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE), *moved;
	size_t part = n / 8;
	int file = file_of(1, seed);

	if (munmap(pages + part * PAGE, part * PAGE) ||
	    mprotect(pages + 2 * part * PAGE, part * PAGE, PROT_READ) ||
	    mprotect(pages + 3 * part * PAGE, part * PAGE, PROT_NONE))
		fail("munmap or mprotect of memory that was not touched");
	result("tries", try_read(pages + part * PAGE));
	result("tries", try_write(pages + (2 * part - 1) * PAGE));
	result("tries", try_read(pages + (2 * part + 1) * PAGE));
	result("tries", try_write(pages + (2 * part + 1) * PAGE));
	result("tries", try_write(pages + (2 * part + 2) * PAGE));
	result("tries", try_read(pages + (3 * part + 1) * PAGE));
	result("tries", try_write(pages + (3 * part + 1) * PAGE));
	result("words_not_zero", not_zeros(pages + 2 * part * PAGE, part));
	if (mprotect(pages + 2 * part * PAGE, 2 * part * PAGE, RW))
		fail("mprotect");
	result("tries", try_write(pages + (2 * part + 1) * PAGE));
	result("tries", try_write(pages + (3 * part + 1) * PAGE));
	result("words_not_zero",
	       not_zeros(pages, part) + not_zeros(pages + 2 * part * PAGE, 2 * part));
	fill(pages + 2 * part * PAGE, 2 * part, seed);
	result("written", sum(pages + 2 * part * PAGE, 2 * part));

	if (mmap(pages + part * PAGE, part * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    pages + part * PAGE)
		fail("mmap at a hint");
	fill(pages + part * PAGE, part, LATER(seed));
	if (mmap(pages + 3 * part / 2 * PAGE, part * PAGE, RW,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ||
	    madvise(pages + 3 * part * PAGE, part / 2 * PAGE, MADV_DONTNEED))
		fail("mmap or madvise");
	result("words_not_zero", not_zeros(pages + 3 * part / 2 * PAGE, part) +
					 not_zeros(pages + 3 * part * PAGE, part / 2));
	result("kept",
	       sum(pages + part * PAGE, part / 2) + sum(pages + 7 * part / 2 * PAGE, part / 2));

	moved = mremap(pages + 4 * part * PAGE, part * PAGE, 8 * part * PAGE, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		fail("mremap");
	result("words_not_zero", not_zeros(moved, 8 * part));
	fill(moved, 8 * part, seed);
	result("moved", sum(moved, 8 * part));

	moved = map_pages(1000, MAP_PRIVATE); /* a hole with much room in it */
	if (munmap(moved + 100 * PAGE, 700 * PAGE))
		fail("munmap");
	result("in_the_hole", try_read(moved + 100 * PAGE));
	result("in_the_hole", try_write(moved + 400 * PAGE));
	result("in_the_hole", try_write(moved + 799 * PAGE));
	result("kernel_in_the_hole", kernel_write(file, moved + 500 * PAGE));
	result("at_address_0", try_read(NULL));
	unmapped_zeros(file);
}

/* Pages that were only read, by several processes; then one after the other writes one of them. */
static void zeros(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE), *heap = heap_more(n);
	uint64_t wrong = not_zeros(pages, n) + not_zeros(heap, n), total = 0;
	int file = file_of(1, BY_KERNEL(seed));
	struct channel up;

	channel_open(&up);
	for (size_t i = 0; i < 10; i++) {
		int child = fork_child();

		if (child == 0) {
			uint64_t found = not_zeros(pages, n) + not_zeros(heap, n);

			page_write(pages + i * PAGE, mix(BY_CHILD(seed), i));
			((volatile char *)heap)[i * PAGE] = (char)(mix(seed, i) | 1);
			found += not_zeros(pages, n) - WORDS + not_zeros(heap, n) - 1;
			tell(&up, found + page_read(pages + i * PAGE));
			_exit(0);
		}
		total = total * 3 + hear(&up);
		join_child(child);
	}
	result("children", total);
	page_write(pages, mix(seed, 0));
	if (pread(file, pages + 2 * PAGE, PAGE, 0) != (ssize_t)PAGE)
		fail("read into a page that was only read");
	result("written", page_read(pages) + 3 * page_read(pages + 2 * PAGE));
	wrong += not_zeros(pages + PAGE, 1) + not_zeros(pages + 3 * PAGE, n - 3) +
		 not_zeros(heap, n) + not_zeros(map_pages(n, MAP_PRIVATE), n);
	result("words_not_zero", wrong);
}

/* Whoever asks for pages at once gets them: before they are touched. */
static void at_once(uint64_t seed, size_t n)
{
	long before = private_frames(), missing;
	char *pages = map_pages(n, MAP_PRIVATE | MAP_POPULATE), *locked, *mapped, *advised;

	missing = before + (long)n - private_frames();
	result("pages_without_a_frame_after_MAP_POPULATE", missing > 0 ? (uint64_t)missing : 0);
	before = private_frames();
	locked = map_pages(n, MAP_PRIVATE);
	advised = map_pages(n, MAP_PRIVATE);
	if (mlock(locked, n * PAGE) || madvise(advised, n * PAGE, 23 /* MADV_POPULATE_WRITE */))
		fail("mlock or madvise");
	missing = before + 2 * (long)n - private_frames();
	result("pages_without_a_frame_after_mlock", missing > 0 ? (uint64_t)missing : 0);
	before = private_frames();
	locked = mremap(locked, n * PAGE, 2 * n * PAGE, MREMAP_MAYMOVE);
	if (locked == MAP_FAILED)
		fail("mremap of locked memory");
	missing = before + (long)n - private_frames();
	result("pages_without_a_frame_after_mremap_of_locked_memory",
	       missing > 0 ? (uint64_t)missing : 0);
	before = private_frames();
	advised = mmap(NULL, n * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (advised == MAP_FAILED || mlock(advised, n * PAGE) || mprotect(advised, n * PAGE, RW))
		fail("mmap, mlock or mprotect");
	missing = before + (long)n - private_frames();
	result("pages_without_a_frame_after_mprotect_of_locked_memory",
	       missing > 0 ? (uint64_t)missing : 0);
	before = private_frames();
	mapped = map_pages(n, MAP_PRIVATE | MAP_LOCKED);
	missing = before + (long)n - private_frames();
	result("pages_without_a_frame_after_MAP_LOCKED", missing > 0 ? (uint64_t)missing : 0);
	result("words_not_zero",
	       not_zeros(pages, n) + not_zeros(locked, 2 * n) + not_zeros(mapped, n));
	fill(mapped, n, seed);
	result("mapped", sum(mapped, n));
}

/* ---- what is given back ---- */

static void use_once(size_t n, uint64_t seed)
{
	char *pages = map_pages(n, MAP_PRIVATE), *heap = heap_more(n);
	int child;

	(void)not_zero_ends(pages, n);
	(void)not_zero_ends(heap, n);
	fill(heap, n / 4, seed);
	child = fork_child();
	if (child == 0) {
		fill(pages + n / 2 * PAGE, n / 4, seed);
		_exit(0);
	}
	join_child(child);
	fill(pages, n / 4, seed);
	if (munmap(pages, n * PAGE))
		fail("munmap");
	heap_less(n);
}

static void leaks(uint64_t seed, size_t n)
{
	char *pages = map_pages(16 * n, MAP_PRIVATE); /* several page tables full */
	long before;

	(void)not_zero_ends(pages, 16 * n);
	if (munmap(pages + n * PAGE, 15 * n * PAGE))
		fail("munmap");
	use_once(n, seed);
	use_once(n, seed);
	before = used_frames();
	for (uint64_t i = 0; i < 40; i++)
		use_once(n, mix(seed, i));
	result_frames("frames_lost", used_frames() - before);
	result("words_not_zero", not_zeros(pages, n));
	fill(pages, n, seed);
	result("written", sum(pages, n));
}

/* More memory than the machine has, some of it read and some written. The rest is in swap. */
static void swapped(uint64_t seed, size_t n)
{
	char *pages = heap_more(n);
	size_t half = n / 2;
	int child;

	fill(pages, half, seed);
	result("words_not_zero", not_zero_ends(pages + half * PAGE, n - half));
	child = fork_child();
	if (child == 0) {
		for (size_t i = 0; i < n; i += 3)
			page_write(pages + i * PAGE, mix(BY_CHILD(seed), i));
		result("child", sum(pages, half));
		_exit(0);
	}
	join_child(child);
	for (size_t i = half; i < n; i += 2)
		page_write(pages + i * PAGE, mix(LATER(seed), i));
	result("first_half", sum(pages, half));
	for (size_t i = half; i < n; i += 2)
		if (page_read(pages + i * PAGE) != mix(LATER(seed), i))
			result("words_not_zero", i);
	result("words_not_zero", not_zero_ends(pages + (half + 1) * PAGE, 1));
}

int main(int argc, char **argv)
{
	static const struct lab_test tests[] = {
		{ "heap", heap },
		{ "frames", frames },
		{ "cost", cost },
		{ "reads", reads },
		{ "sharers", sharers },
		{ "deep", deep },
		{ "limit", limit },
		{ "neighbour", neighbour },
		{ "stack_reads", stack_reads },
		{ "out_of_memory", out_of_memory },
		{ "kernel", kernel },
		{ "forks", forks },
		{ "shrink", shrink },
		{ "calls", calls },
		{ "zeros", zeros },
		{ "at_once", at_once },
		{ "leaks", leaks },
		{ "swapped", swapped },
		{ "answer", answer },
		{ "programs", programs },
	};

	arguments = argv;
	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
