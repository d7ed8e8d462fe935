/* SPDX-License-Identifier: MIT */
/* The tests of the lab cow: what processes see of their memory after fork, and what that takes. */
#include "programs.h"

/* Seeds of what children and parents write, made from the one that the grader gives. */
#define BY_CHILD(seed)	((seed) + 1)
#define BY_PARENT(seed) ((seed) + 2)

/* ---- where pages are ---- */

/* A process can ask for its own frames only: who forks notes them before, and both compare theirs with the note. */
static unsigned long *note_frames(const char *pages, size_t n)
{
	unsigned long *noted = malloc(n * sizeof(*noted));

	for (size_t i = 0; i < n; i++)
		noted[i] = frame_at(0, pages + i * PAGE);
	return noted;
}

/* Returns how many of the pages have another frame than the noted one. */
static size_t moved(const char *pages, size_t n, const unsigned long *noted)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += frame_at(0, pages + i * PAGE) != noted[i];
	return count;
}

/* For a child that has written nothing yet: shows the first page that is not the parent's. Returns how many there are. */
static size_t copied(const char *pages, size_t n, const unsigned long *noted)
{
	for (size_t i = 0; i < n; i++)
		if (frame_at(0, pages + i * PAGE) != noted[i]) {
			say("first copy at %p\n", (const void *)(pages + i * PAGE));
			break;
		}
	return moved(pages, n, noted);
}

/* ---- what fork takes ---- */

/* A child that first waits, and then reads all pages. */
static void frames(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel down, up;
	unsigned long *noted;
	long before;
	int child;

	channel_open(&down);
	channel_open(&up);
	fill(pages, n, seed);
	noted = note_frames(pages, n);
	before = private_frames();
	child = fork_child();
	if (child == 0) {
		tell(&up, 0);
		hear(&down);
		(void)copied(pages, n, noted);
		tell(&up, sum(pages, n));
		hear(&down);
		_exit(0);
	}
	hear(&up);
	result_frames("frames_taken", private_frames() - before);
	tell(&down, 0);
	result("child", hear(&up));
	result("parent", sum(pages, n));
	result_frames("frames_taken_by_reads", private_frames() - before);
	tell(&down, 0);
	join_child(child);
}

#define IMAGE_PAGES 32 /* the most of .data, and of the stack */

/* In the image's data segment. */
static char image_data[IMAGE_PAGES * PAGE] __attribute__((aligned(PAGE))) = { 1 };

/* A private mapping of a file of zeros. */
static char *map_file(size_t n)
{
	int file = memfd_create("file", 0);
	void *pages;

	if (file < 0 || ftruncate(file, (off_t)(n * PAGE)))
		fail("a file in memory");
	pages = mmap(NULL, n * PAGE, RW, MAP_PRIVATE, file, 0);
	if (pages == MAP_FAILED)
		fail("mmap of a file");
	return pages;
}

/* Fork shares what was written in .data, on the stack and to a file's mapping like other pages. */
static void data_and_stack(uint64_t seed, size_t n)
{
	char room[(IMAGE_PAGES + 1) * PAGE];
	char *stack = room + -(uintptr_t)room % PAGE; /* whole pages, which have nothing else */
	char *file = map_file(n);
	unsigned long *data_noted, *stack_noted, *file_noted;
	struct channel up;
	int child;

	channel_open(&up);
	fill(image_data, n, seed);
	fill(stack, n, BY_PARENT(seed));
	fill(file, n, BY_CHILD(seed));
	data_noted = note_frames(image_data, n);
	stack_noted = note_frames(stack, n);
	file_noted = note_frames(file, n);
	child = fork_child();
	if (child == 0) {
		tell(&up, copied(image_data, n, data_noted));
		tell(&up, copied(stack, n, stack_noted));
		tell(&up, copied(file, n, file_noted));
		tell(&up, sum(image_data, n));
		tell(&up, sum(stack, n));
		tell(&up, sum(file, n));
		_exit(0);
	}
	result("data_pages_copied", hear(&up) + moved(image_data, n, data_noted));
	result("stack_pages_copied", hear(&up) + moved(stack, n, stack_noted));
	result("file_pages_copied", hear(&up) + moved(file, n, file_noted));
	result("data", hear(&up));
	result("stack", hear(&up));
	result("file", hear(&up));
	join_child(child);
}

/*
 * A child writes some of the pages, and forks. It shares all of them with its own child: those that
 * it has alone, and those that it shares with its parent.
 */
static void grandchild(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel down, up;
	int child;

	channel_open(&down);
	channel_open(&up);
	fill(pages, n, seed);
	child = fork_child();
	if (child == 0) {
		unsigned long *noted;
		long before;

		for (size_t i = 0; i < n; i += 4)
			page_write(pages + i * PAGE, mix(BY_CHILD(seed), i));
		noted = note_frames(pages, n);
		before = private_frames();
		child = fork_child();
		if (child == 0) {
			hear(&down);
			(void)copied(pages, n, noted);
			tell(&up, sum(pages, n));
			_exit(0);
		}
		result_frames("frames_taken", private_frames() - before);
		fill(pages, n / 2, BY_PARENT(seed));
		tell(&down, 0);
		result("grandchild", hear(&up));
		result("child", sum(pages, n));
		join_child(child);
		_exit(0);
	}
	join_child(child);
	result("parent", sum(pages, n));
}

/* A child writes some pages: each of them is copied, and no other. */
static void copies(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel down, up;
	long before, written = 0;
	int child;

	channel_open(&down);
	channel_open(&up);
	fill(pages, n, seed);
	before = private_frames();
	child = fork_child();
	if (child == 0) {
		for (size_t i = 0; i < n; i++)
			if (mix(BY_CHILD(seed), i) % 8 == 0)
				page_write(pages + i * PAGE, mix(BY_CHILD(seed), i));
		tell(&up, sum(pages, n));
		hear(&down);
		_exit(0);
	}
	result("child", hear(&up));
	for (size_t i = 0; i < n; i++)
		written += mix(BY_CHILD(seed), i) % 8 == 0;
	result("frames_beyond_the_copies", labs(private_frames() - before - written));
	result("parent", sum(pages, n));
	tell(&down, 0);
	join_child(child);
}

/* More than half of the memory. */
static void big(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel up;
	int child;

	channel_open(&up);
	fill(pages, n, seed);
	child = fork_child();
	if (child == 0) {
		for (size_t i = 0; i < 100; i++) {
			size_t at = mix(BY_CHILD(seed), i) % n;

			page_write(pages + at * PAGE, mix(BY_CHILD(seed), i));
		}
		tell(&up, sum(pages, n));
		_exit(0);
	}
	result("child", hear(&up));
	join_child(child);
	result("parent", sum(pages, n));
}

/* Instructions, if time is counted in them. */
static void cost(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel up;
	uint64_t before;
	int child;

	channel_open(&up);
	fill(pages, n, seed);
	before = nanoseconds();
	child = fork_child();
	if (child == 0)
		_exit(0);
	join_child(child);
	result("instructions", nanoseconds() - before);
	child = fork_child();
	if (child == 0) {
		tell(&up, sum(pages, n));
		_exit(0);
	}
	result("child", hear(&up));
	join_child(child);
}

/* ---- who sees what ---- */

/* Who wrote the value of a page? */
static const char *writer_of(uint64_t value, uint64_t seed, size_t i)
{
	if (value == mix(seed, i))
		return "what was there before fork";
	if (value == mix(BY_CHILD(seed), i))
		return "what the child wrote";
	if (value == mix(BY_PARENT(seed), i))
		return "what the parent wrote";
	return value ? "something else" : "zeros";
}

/*
 * The sum of the pages, of which this process has written every step-th (0: none) from the seed
 * `by`. Shows the first page that has another value than that.
 */
static uint64_t sum_or_show(const char *who, const char *pages, size_t n, uint64_t seed,
			    uint64_t by, size_t step)
{
	uint64_t total = 0;
	bool shown = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t value = page_read(pages + i * PAGE);
		uint64_t expected = mix(step && i % step == 0 ? by : seed, i);

		total += value * (2 * i + 1);
		if (value == expected || shown)
			continue;
		say("first page %zu (%p) has for the %s %s, not %s\n", i,
		    (const void *)(pages + i * PAGE), who, writer_of(value, seed, i),
		    writer_of(expected, seed, i));
		shown = true;
	}
	return total;
}

/*
 * Many processes share a page, and write it one after the other. Each has to find what the parent
 * wrote there, whatever the others have done.
 */
static void many(uint64_t seed, size_t n)
{
	size_t npages = 2048;
	char *pages = map_pages(npages, MAP_PRIVATE);
	struct channel start, end, up;
	uint64_t total = 0;

	channel_open(&start);
	channel_open(&end);
	channel_open(&up);
	fill(pages, npages, seed);
	for (size_t i = 0; i < n; i++) {
		if (fork_child())
			continue;
		hear(&start); /* one child at a time gets a turn */
		uint64_t found = page_read(pages);

		page_write(pages, mix(BY_CHILD(seed), i));
		tell(&up, found + (page_read(pages) == mix(BY_CHILD(seed), i)));
		hear(&end);
		_exit(0);
	}
	for (size_t i = 0; i < n; i++) {
		tell(&start, i);
		total = total * 3 + hear(&up);
	}
	for (size_t i = 0; i < n; i++)
		tell(&end, i);
	for (size_t i = 0; i < n; i++)
		if (waitpid(-1, NULL, 0) < 0)
			fail("waitpid");
	result("found", total);
	result("parent", sum(pages, npages));
}

static uint64_t grow_tree(char *pages, size_t n, uint64_t seed, unsigned depth)
{
	uint64_t total = 0;
	struct channel up;

	channel_open(&up);
	for (unsigned branch = 0; depth && branch < 2; branch++) {
		uint64_t below = mix(seed, 1000 + branch);
		int child = fork_child();

		if (child == 0) {
			for (size_t i = 0; i < n; i++)
				if (mix(below, i) % 3 == 0)
					page_write(pages + i * PAGE, mix(below, i));
			tell(&up, grow_tree(pages, n, below, depth - 1));
			_exit(0);
		}
		total = total * 5 + hear(&up);
		join_child(child);
		if (branch == 0)
			page_write(pages, mix(seed, 2000));
	}
	close(up.ends[0]);
	close(up.ends[1]);
	return total * 7 + sum(pages, n);
}

/* Children of children, each of which writes some of what it was given. */
static void tree(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);

	fill(pages, n, seed);
	result("tree", grow_tree(pages, n, seed, 3));
}

/* The parent writes at once after fork, while its TLB is warm. The child looks later. */
static void parent_writes(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel down, up;
	uint64_t *values = malloc(n * sizeof(*values));
	long child;

	channel_open(&down);
	channel_open(&up);
	for (size_t i = 0; i < n; i++)
		values[i] = mix(BY_PARENT(seed), i);
	fill(pages, n, seed);
	for (size_t i = 0; i < n; i++) /* each page is written once more just before */
		((volatile uint64_t *)(pages + i * PAGE))[7] = mix(seed, i) * 15;
	child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		hear(&down);
		tell(&up, sum(pages, n));
		_exit(0);
	}
	for (size_t i = 0; i < n; i++) /* from the last one on, which the TLB still has */
		((volatile uint64_t *)(pages + (n - 1 - i) * PAGE))[0] = values[n - 1 - i];
	if (child < 0)
		fail("clone");
	fill(pages, n, BY_PARENT(seed));
	tell(&down, 0);
	result("child", hear(&up));
	result("parent", sum(pages, n));
	join_child((int)child);
}

static int data = 1; /* in the image's data segment */

/* Stack, heap, data and mappings with other permissions are the child's own, too. */
static void kinds(uint64_t seed, size_t n)
{
	volatile uint64_t on_stack[1024];
	uint64_t *heap = malloc(100000);
	char *frozen = map_pages(n, MAP_PRIVATE), *hidden = map_pages(n, MAP_PRIVATE);
	struct channel up;
	int child;

	channel_open(&up);
	for (size_t i = 0; i < 1024; i++)
		on_stack[i] = heap[i] = mix(seed, i);
	data = (int)(seed & 0xffff);
	fill(frozen, n, seed);
	fill(hidden, n, seed);
	mprotect(frozen, n * PAGE, PROT_READ);
	mprotect(hidden, n * PAGE, PROT_NONE);
	child = fork_child();
	if (mprotect(frozen, n * PAGE, RW) || mprotect(hidden, n * PAGE, RW))
		fail("mprotect");
	if (child == 0) {
		uint64_t found = sum(frozen, n) + 3 * sum(hidden, n) + (uint64_t)data;

		for (size_t i = 0; i < 1024; i++) {
			found += on_stack[i] ^ heap[i];
			on_stack[i] = heap[i] = i;
		}
		data = 2;
		fill(frozen, n, BY_CHILD(seed));
		fill(hidden, n, BY_CHILD(seed));
		tell(&up, found + sum(frozen, n));
		_exit(0);
	}
	result("child", hear(&up));
	join_child(child);
	for (size_t i = 0; i < 1024; i++)
		if (on_stack[i] != mix(seed, i) || heap[i] != mix(seed, i))
			data = -1;
	result("parent", sum(frozen, n) + 3 * sum(hidden, n) + (uint64_t)data);
}

/*
 * For a kernel that keeps A and D itself (ad=soft). At the fork half of the entries lack A, so that
 * they are RESIDENT: they have a frame, but the hardware cannot use them. Half lack D.
 */
static void kept_bits(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	size_t half = n / 2 * PAGE;
	struct channel up;
	long before;
	int child;

	channel_open(&up);
	fill(pages, n, seed);
	if (madvise(pages + half, half, MADV_PAGEOUT))
		fail("MADV_PAGEOUT");
	(void)sum(pages + half, n / 2); /* they are in memory again, and on the swap disk */
	if (madvise(pages + half / 2, half, MADV_COLD))
		fail("MADV_COLD");
	before = private_frames();
	child = fork_child();
	if (child == 0) {
		result("frames_taken", labs(private_frames() - before));
		for (size_t i = 0; i < n; i += 3)
			page_write(pages + i * PAGE, mix(BY_CHILD(seed), i));
		tell(&up, sum_or_show("child", pages, n, seed, BY_CHILD(seed), 3));
		_exit(0);
	}
	result("child", hear(&up));
	join_child(child);
	for (size_t i = 0; i < n; i += 2)
		page_write(pages + i * PAGE, mix(BY_PARENT(seed), i));
	result("parent", sum_or_show("parent", pages, n, seed, BY_PARENT(seed), 2));
}

/* The kernel writes into pages that are shared: read(2). */
static void kernel_writes(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel bytes, up;
	int file = memfd_create("bytes", 0), child;
	long before;

	channel_open(&bytes);
	channel_open(&up);
	for (size_t i = 0; i < n; i++) {
		page_write(pages, mix(BY_CHILD(seed), i));
		check_count("write to a memfd", write(file, pages, PAGE), PAGE);
	}
	fill(pages, n, seed);
	child = fork_child();
	if (child == 0) {
		check_count("read into pages that are shared", pread(file, pages, n / 2 * PAGE, 0),
			    n / 2 * PAGE);
		tell(&up, sum(pages, n));
		_exit(0);
	}
	result("child", hear(&up));
	result("parent", sum(pages, n));
	join_child(child);
	before = private_frames();
	child = fork_child();
	if (child == 0) {
		hear(&bytes);
		tell(&up, sum(pages, n));
		_exit(0);
	}
	result_frames("frames_taken_by_fork", private_frames() - before);
	check_count("read into pages that are shared", pread(file, pages, n * PAGE, 0), n * PAGE);
	tell(&bytes, 0);
	result("second_child", hear(&up));
	result("read", sum(pages, n));
	join_child(child);
}

/* Shared memory stays shared, and a private mapping of a file private. */
static void shared(uint64_t seed, size_t n)
{
	char *both = map_pages(n, MAP_SHARED), *mine;
	struct channel down, up;
	int file = memfd_create("file", 0), child;

	channel_open(&down);
	channel_open(&up);
	for (size_t i = 0; i < n; i++) {
		page_write(both, mix(seed, i));
		check_count("write to a memfd", write(file, both, PAGE), PAGE);
	}
	fill(both, n, seed);
	mine = mmap(NULL, n * PAGE, RW, MAP_PRIVATE, file, 0);
	if (mine == MAP_FAILED || sum(mine, n) != sum(both, n))
		fail("mmap of a memfd");
	child = fork_child();
	if (child == 0) {
		page_write(both, mix(BY_CHILD(seed), 0));
		fill(mine, n, BY_CHILD(seed));
		tell(&up, 0);
		hear(&down);
		tell(&up, sum(both, n));
		_exit(0);
	}
	hear(&up);
	page_write(both + PAGE, mix(BY_PARENT(seed), 0));
	tell(&down, 0);
	result("child", hear(&up));
	result("parent", sum(both, n));
	result("mine", sum(mine, n));
	for (size_t i = 0; i < n; i++)
		check_count("read of a memfd",
			    pread(file, both + i * PAGE, PAGE, (off_t)(i * PAGE)), PAGE);
	result("file", sum(both, n));
	join_child(child);
}

/* ---- what is given back ---- */

/* Once the child is gone, or has copies of its own, the parent keeps its frames. */
static void last(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel down, up;
	unsigned long *noted;
	long taken;
	int child;

	channel_open(&down);
	channel_open(&up);
	fill(pages, n, seed);
	noted = note_frames(pages, n);
	taken = private_frames();
	child = fork_child();
	if (child == 0) {
		fill(pages, n / 2, BY_CHILD(seed));
		tell(&up, sum(pages, n));
		hear(&down);
		_exit(0);
	}
	result("child", hear(&up));
	result_frames("frames_taken_beyond_the_copies", private_frames() - taken - (long)(n / 2));
	fill(pages, n / 2, BY_PARENT(seed));
	tell(&down, 0);
	join_child(child);
	fill(pages + n / 2 * PAGE, n - n / 2, BY_PARENT(seed));
	result("pages_moved", moved(pages, n, noted));
	result("parent", sum(pages, n));
}

static void one_generation(char *pages, size_t n, uint64_t seed, bool sums,
			   const struct channel *up)
{
	int child = fork_child();

	if (child == 0) {
		for (size_t i = 0; i < n; i += 2)
			page_write(pages + i * PAGE, mix(seed, i));
		if (sums)
			tell(up, sum(pages, n));
		_exit(0);
	}
	if (sums)
		result("child", hear(up));
	join_child(child);
	page_write(pages + PAGE, mix(seed, n));
}

/* Generations of children come and go: nothing is lost, and nothing is freed that is in use. */
static void leaks(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel up;
	long before;

	channel_open(&up);
	fill(pages, n, seed);
	one_generation(pages, n, mix(seed, 1), false, &up);
	before = used_frames();
	for (uint64_t i = 2; i < 40; i++)
		one_generation(pages, n, mix(seed, i), i == 39, &up);
	result_frames("frames_lost", used_frames() - before);
	result("parent", sum(pages, n));
}

/* Memory that was only read has one page of zeros, in children, too. */
static void zeros(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE), *fresh;
	struct channel up;
	uint64_t total = sum(pages, n);
	long before = private_frames();
	unsigned i;

	channel_open(&up);
	for (i = 0; i < 20; i++) {
		int child = fork_child();

		if (child == 0) {
			uint64_t zero = sum(pages, n);

			if (i == 0)
				result("frames_counted", resident_frames());
			page_write(pages + mix(seed, i) % n * PAGE, mix(seed, i));
			tell(&up, zero + sum(pages, n));
			_exit(0);
		}
		total += hear(&up);
		join_child(child);
	}
	result("zeros", total);
	page_write(pages, seed);
	result_frames("frames_taken", private_frames() - before);
	fresh = map_pages(n, MAP_PRIVATE);
	result("fresh", sum(fresh, n) + sum(pages + PAGE, n - 1));
}

#define REFUSALS 60

/* With commit=strict, fork of a process with so much memory is refused, after some of it. */
static void refused(uint64_t seed, size_t n)
{
	/* Lower addresses are copied first: these pages, before the large mapping is refused. */
	char *pages = mmap((void *)0x10000000, n * PAGE, RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	unsigned long *noted;
	long before = 0, errors = 0;

	if (pages == MAP_FAILED)
		fail("mmap");
	map_pages(36 * MIB / PAGE, MAP_PRIVATE);
	fill(pages, n, seed);
	noted = note_frames(pages, n);
	for (unsigned i = 0; i < REFUSALS; i++) {
		int child = fork();

		if (child == 0)
			_exit(1);
		if (child > 0)
			wait_child(child);
		errors += child < 0 && errno == ENOMEM;
		for (size_t k = i; k < n; k += REFUSALS)
			page_write(pages + k * PAGE, mix(BY_PARENT(seed), k));
		if (i == 0)
			before = used_frames();
	}
	result("refused", (uint64_t)errors);
	result_frames("frames_lost", used_frames() - before);
	result("pages_moved", moved(pages, n, noted));
	result("parent", sum(pages, n));
}

/*
 * Two processes write all of what they share, for which there is not enough memory. One is killed,
 * and the other goes on.
 */
static void out_of_memory(uint64_t seed, size_t n)
{
	int first, second, killed = 0;
	struct channel up;
	uint64_t survivor;

	channel_open(&up);
	let_children_die(); /* one of them is killed, as it should be */
	first = fork_child();
	if (first == 0) {
		char *pages = map_pages(n, MAP_PRIVATE);
		int status;

		fill(pages, n, seed);
		second = fork_child();
		if (second == 0) {
			fill(pages, n, BY_CHILD(seed));
			tell(&up, sum(pages, n));
			_exit(0);
		}
		status = wait_child(second);
		if (status != 128 + SIGKILL)
			_exit(1); /* both had room, or it was another signal */
		tell(&up, sum(pages, n));
		_exit(3);
	}
	close(up.ends[1]);
	survivor = hear(&up);
	switch (wait_child(first)) {
	case 3:
		result("parent", survivor);
		killed = 1;
		break;
	case 128 + SIGKILL:
		result("child", survivor);
		killed = 1;
	}
	result("killed", (uint64_t)killed);
}

/* Memory that is in swap, as far as it does not fit. */
static void swapped(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	struct channel down, up;
	int child;

	channel_open(&down);
	channel_open(&up);
	fill(pages, n, seed);
	child = fork_child();
	if (child == 0) {
		uint64_t found = sum_or_show("child", pages, n, seed, seed, 0);

		for (size_t i = 0; i < n; i += 3)
			page_write(pages + i * PAGE, mix(BY_CHILD(seed), i));
		tell(&up, found);
		hear(&down);
		tell(&up, sum_or_show("child", pages, n, seed, BY_CHILD(seed), 3));
		_exit(0);
	}
	result("found", hear(&up));
	for (size_t i = 0; i < n; i += 2)
		page_write(pages + i * PAGE, mix(BY_PARENT(seed), i));
	tell(&down, 0);
	result("child", hear(&up));
	join_child(child);
	result("parent", sum_or_show("parent", pages, n, seed, BY_PARENT(seed), 2));
}

int main(int argc, char **argv)
{
	static const struct lab_test tests[] = {
		{ "frames", frames },
		{ "data_and_stack", data_and_stack },
		{ "grandchild", grandchild },
		{ "copies", copies },
		{ "big", big },
		{ "cost", cost },
		{ "many", many },
		{ "tree", tree },
		{ "parent_writes", parent_writes },
		{ "kinds", kinds },
		{ "kept_bits", kept_bits },
		{ "kernel_writes", kernel_writes },
		{ "shared", shared },
		{ "last", last },
		{ "leaks", leaks },
		{ "zeros", zeros },
		{ "refused", refused },
		{ "out_of_memory", out_of_memory },
		{ "swapped", swapped },
		{ "answer", answer },
		{ "programs", programs },
	};

	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
