/* SPDX-License-Identifier: MIT */
/* Tests of the lab first-fault: faults that have to wait for memory, for a disk, or for another thread. */
#include "words.h"

#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/resource.h>

/* ---- too little memory ---- */

#define PIECES 32 /* pages of the file that the kernel copies from, and of a file of zeros */

static int file_of_pieces, file_of_zeros;

static void make_files(uint64_t seed)
{
	char page[PAGE];

	file_of_zeros = memfd_create("zeros", 0);
	if (ftruncate(file_of_zeros, (off_t)(PIECES * PAGE)))
		fail("ftruncate");
	file_of_pieces = memfd_create("pieces", 0);
	for (size_t i = 0; i < PIECES; i++) {
		page_write(page, mix(seed, i));
		check_count("pwrite", pwrite(file_of_pieces, page, PAGE, (off_t)(i * PAGE)), PAGE);
	}
}

/* The ways to write page i: by a store of the program, or by a copy of the kernel. */
typedef void (*page_writer)(char *page, uint64_t seed, size_t i);

static void store_page(char *page, uint64_t seed, size_t i)
{
	page_write(page, mix(seed, i % PIECES));
}

static void copy_page(char *page, uint64_t seed, size_t i)
{
	ssize_t n = pread(file_of_pieces, page, PAGE, (off_t)(i % PIECES * PAGE));

	(void)seed;
	if (n < 0)
		fail("a read into memory that is mapped");
	check_count("a read into memory that is mapped", n, PAGE);
}

/* Reads what the ways above have written; shows the first page that is wrong. */
static uint64_t sum_of_pieces(const char *pages, size_t n, uint64_t seed)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t value = page_read(pages + i * PAGE);

		total += value * (2 * i + 1);
		if (value != mix(seed, i % PIECES))
			show("page %zu has %s, not what was written", i,
			     value ? "something else" : "zeros");
	}
	return total;
}

/*
 * Private memory that has no frames: the pages of the file of zeros, mapped again and again, and
 * dropped. A page needs a frame when it is written.
 */
static char *map_dropped(size_t n)
{
	char *pages = mmap(NULL, n * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		fail("mmap");
	for (size_t i = 0; i < n; i += PIECES) {
		char *at = pages + i * PAGE;
		size_t length = (n - i < PIECES ? n - i : PIECES) * PAGE;

		if (mmap(at, length, RW, MAP_PRIVATE | MAP_FIXED, file_of_zeros, 0) != at)
			fail("mmap");
		if (madvise(at, length, MADV_DONTNEED))
			fail("madvise");
	}
	return pages;
}

/* One of two processes that need memory. It gets its pages when it is told to. */
struct rival {
	int pid;
	struct channel up, down;
};

static void start_rival(struct rival *rival, size_t n, uint64_t seed, page_writer write_page)
{
	channel_open(&rival->up);
	channel_open(&rival->down);
	rival->pid = fork_child();
	if (rival->pid == 0) {
		char *pages = map_dropped(n);

		tell(&rival->up, 0);
		hear(&rival->down);
		for (size_t i = 0; i < n; i++)
			write_page(pages + i * PAGE, seed, i);
		tell(&rival->up, sum_of_pieces(pages, n, seed));
		pause();
		_exit(1);
	}
	close(rival->up.ends[1]);
	hear_of(&rival->up, rival->pid, "a process that maps memory");
}

/* Writes twice as much as there is: no other process has as much, so that this one is killed. */
static int write_too_much(size_t n, uint64_t seed, page_writer write_page)
{
	int pid = fork_child();

	if (pid == 0) {
		char *parts[] = { map_dropped(n), map_dropped(n) };

		for (unsigned part = 0; part < 2; part++)
			for (size_t i = 0; i < n; i++)
				write_page(parts[part] + i * PAGE, seed, i);
		_exit(0);
	}
	return wait_child(pid);
}

/*
 * Two processes need more memory than there is: the first, which has the most, is killed, and the
 * second goes on. Then one process needs more than there is.
 */
static void short_of_memory(uint64_t seed, size_t n, page_writer write_page)
{
	struct rival first, second;
	uint64_t sum;

	let_children_die();
	make_files(seed);
	start_rival(&first, n, seed, write_page);
	start_rival(&second, n, seed, write_page);
	tell(&first.down, 0);
	hear_of(&first.up, first.pid, "the first process, for which there is memory,");
	tell(&second.down, 0);
	sum = hear_of(&second.up, second.pid,
		      "the second process, which needs the memory of a larger one,");
	result_end("larger_process", "the larger process", wait_child(first.pid), 128 + SIGKILL);
	result("sum", sum);
	kill(second.pid, SIGKILL);
	wait_child(second.pid);
	result_end("one_alone", "a process that needs more memory than there is",
		   write_too_much(n, seed, write_page), 128 + SIGKILL);
}

static void out_of_memory(uint64_t seed, size_t n)
{
	short_of_memory(seed, n, store_page);
}

static void copies_out_of_memory(uint64_t seed, size_t n)
{
	short_of_memory(seed, n, copy_page);
}

/* ---- a swap disk ---- */

static void swapped(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);

	fill(pages, n, seed);
	if (madvise(pages, n * PAGE, MADV_PAGEOUT))
		fail("MADV_PAGEOUT");
	result("sum", sum_of_all("memory that was in swap", pages, n, seed));
	fill(pages, n / 2, seed + 1);
	if (madvise(pages, n * PAGE, MADV_PAGEOUT))
		fail("MADV_PAGEOUT");
	result("sum", sum_or_show("memory that was in swap", pages, n, n / 2, seed + 1, seed));
}

/* The kernel reads and writes pages that are in swap. */
static void copies_swapped(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	int file = memfd_create("file", 0);

	fill(pages, n, seed);
	if (madvise(pages, n * PAGE, MADV_PAGEOUT))
		fail("MADV_PAGEOUT");
	for (size_t i = 0; i < n; i++)
		check_count("a write of memory that is in swap",
			    pwrite(file, pages + i * PAGE, PAGE, (off_t)(i * PAGE)), PAGE);
	if (madvise(pages, n * PAGE, MADV_PAGEOUT))
		fail("MADV_PAGEOUT");
	for (size_t i = 0; i < n; i++)
		check_count("a read into memory that is in swap",
			    pread(file, pages + i * PAGE + 64, 64, (off_t)(i * PAGE + 64)), 64);
	result("sum", sum_of_all("memory that was in swap", pages, n, seed));
}

/* More memory than there are frames, written by the program and by the kernel: part of it is in swap. */
static void larger_than_memory(uint64_t seed, size_t n)
{
	char *by_program, *by_kernel;

	make_files(seed);
	by_program = map_dropped(n);
	by_kernel = map_dropped(n);
	for (size_t i = 0; i < n; i++) {
		store_page(by_program + i * PAGE, seed, i);
		copy_page(by_kernel + i * PAGE, seed, i);
	}
	result("sum", sum_of_pieces(by_program, n, seed));
	result("sum", sum_of_pieces(by_kernel, n, seed));
}

/* ---- a slow swap disk ---- */

/*
 * Processes that wait for the disk before those that are looked at, and as many of them before all
 * others: the disk has the page of the first at once.
 */
#define OTHERS	    10
#define FIRST	    3
#define SLOW_PAGES  33 /* of each process; it wants the one in the middle */
#define OF_A_SIGNAL 100
#define FROM_DISK   1
#define SLEPT	    2

struct waiter {
	int pid;
	struct channel up, down;
};

static struct channel own_up;
static int slow_file;

static void tell_of_signal(int number)
{
	(void)number;
	tell(&own_up, OF_A_SIGNAL);
}

static struct rusage usage(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		fail("getrusage");
	return usage;
}

/* The program has in a0 what an interrupted system call answers: it must not be taken for one. */
static void load_word(const char *page, uint64_t expected)
{
	register long a0 __asm__("a0") = -EINTR;
	uint64_t value, times = 0;

	__asm__ volatile(".option push\n"
			 ".option norvc\n"
			 "	addi	%0, %0, 1\n"
			 "	ld	%1, 0(%3)\n"
			 ".option pop\n"
			 : "+&r"(times), "=&r"(value), "+r"(a0)
			 : "r"(page)
			 : "memory");
	if (a0 != -EINTR)
		show("a0 has another value after the wait for a page");
	if (value != expected)
		show("a page that was in swap has something else than was written");
	if (times != 1)
		show("the instruction before the one that waited for a page was executed twice");
}

static void write_word(const char *page, uint64_t expected)
{
	ssize_t n = pwrite(slow_file, page, sizeof(expected), 0);

	if (n < 0)
		fail("a write of memory that is in swap, in which a signal came");
	check_count("a write of memory that is in swap", n, sizeof(expected));
}

/* A child with memory in swap. When it is told to, it needs a page; then it tells how it came. */
static void start_waiter(struct waiter *waiter, uint64_t seed,
			 void (*use)(const char *page, uint64_t expected))
{
	channel_open(&waiter->up);
	channel_open(&waiter->down);
	waiter->pid = fork_child();
	if (waiter->pid == 0) {
		char *pages = map_pages(SLOW_PAGES, MAP_PRIVATE);
		struct rusage before, after;

		own_up = waiter->up;
		signal(SIGUSR1, tell_of_signal);
		fill(pages, SLOW_PAGES, seed);
		if (madvise(pages, SLOW_PAGES * PAGE, MADV_RANDOM) ||
		    madvise(pages, SLOW_PAGES * PAGE, MADV_PAGEOUT))
			fail("madvise");
		tell(&waiter->up, 0);
		hear(&waiter->down);
		before = usage();
		use(pages + SLOW_PAGES / 2 * PAGE, mix(seed, SLOW_PAGES / 2));
		after = usage();
		tell(&waiter->up, (after.ru_majflt > before.ru_majflt ? FROM_DISK : 0) |
					  (after.ru_nvcsw > before.ru_nvcsw ? SLEPT : 0));
		_exit(0);
	}
	close(waiter->up.ends[1]);
	hear_of(&waiter->up, waiter->pid, "a process that has memory in swap");
}

static bool has_told(const struct waiter *waiter)
{
	struct pollfd end = { .fd = waiter->up.ends[0], .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

static bool has_ended(const struct waiter *waiter)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)waiter->pid, &info, WEXITED | WNOHANG | WNOWAIT))
		fail("waitid");
	return info.si_pid != 0;
}

static void pause_briefly(void)
{
	const struct timespec some = { .tv_nsec = 20000000 };

	nanosleep(&some, NULL);
}

/* Waits until a fault of the process has begun to wait for its page. */
static void await_its_fault(const struct waiter *waiter)
{
	struct faultline_process process = { 0 };

	while (syscall(SYS_faultline, FAULTLINE_PROCESS, waiter->pid, &process, sizeof(process),
		       0) == 1) {
		if (process.waited || has_told(waiter) || has_ended(waiter))
			return;
		pause_briefly();
	}
}

static void go_on(struct waiter *waiter)
{
	siginfo_t info = { 0 };

	tell(&waiter->down, 0);
	await_its_fault(waiter);
	if (waitid(P_PID, (id_t)waiter->pid, &info, WEXITED | WNOHANG | WNOWAIT))
		fail("waitid");
	if (info.si_pid && (info.si_code != CLD_EXITED || info.si_status)) {
		show_end("a process that needs a page that is in swap", wait_child(waiter->pid),
			 NOT_YET);
		_exit(98);
	}
}

/* What should happen to a process that waits for its page, before this comes. */
struct event {
	const char *name, *what;
	const struct waiter *waiter;
	bool (*has)(const struct waiter *);
	bool came;
};

/* Waits for the events, as long as others, which need their pages before, wait for the disk. */
static void await_events(struct event *events, size_t n, const struct waiter *others)
{
	size_t came = 0, waiting = OTHERS;

	while (came < n && waiting) {
		bool now[8];

		pause_briefly();
		for (size_t i = 0; i < n; i++)
			now[i] = events[i].has(events[i].waiter);
		waiting = came = 0;
		for (size_t i = 0; i < OTHERS; i++)
			waiting += !has_told(&others[i]);
		for (size_t i = 0; i < n; i++) {
			events[i].came |= waiting && now[i];
			came += events[i].came;
		}
	}
	for (size_t i = 0; i < n; i++) {
		result(events[i].name, events[i].came);
		if (!events[i].came)
			show("%s too late, when the page that it waited for had come from the disk",
			     events[i].what);
	}
}

/* Returns how a process has got its page. If it got a signal, it has told of that before or after. */
static uint64_t how_it_came(const struct waiter *waiter, const char *who)
{
	uint64_t told = hear_of(&waiter->up, waiter->pid, who);

	if (told == OF_A_SIGNAL)
		told = hear_of(&waiter->up, waiter->pid, who);
	if (!(told & SLEPT))
		show("%s: it was busy, and did not sleep until the page came", who);
	if (!(told & FROM_DISK))
		show("%s: it got the page without a major fault", who);
	return told;
}

/* The swap disk takes half a second for each page. A signal comes to processes that wait for it. */
static void slow_disk(uint64_t seed, size_t n)
{
	struct waiter others[OTHERS], copies, resumes, handles, dies, dies_copying;
	struct waiter *const late[] = { &handles, &dies, &dies_copying };
	struct event events[] = {
		{ "handler_ran_in_time", "a signal handler ran", &handles, has_told, false },
		{ "killed_in_time", "a process was killed", &dies, has_ended, false },
		{ "killed_in_a_copy_in_time", "a process was killed in a system call",
		  &dies_copying, has_ended, false },
	};

	(void)n;
	let_children_die();
	slow_file = memfd_create("file", 0);
	for (unsigned i = 0; i < OTHERS; i++)
		start_waiter(&others[i], seed + i, load_word);
	start_waiter(&copies, seed, write_word);
	start_waiter(&resumes, seed, load_word);
	start_waiter(&handles, seed, load_word);
	start_waiter(&dies, seed, load_word);
	start_waiter(&dies_copying, seed, write_word);
	for (unsigned i = 0; i < FIRST; i++)
		go_on(&others[i]);
	go_on(&copies);
	kill(copies.pid, SIGUSR1);
	go_on(&resumes);
	kill(resumes.pid, SIGUSR1);
	for (unsigned i = FIRST; i < OTHERS; i++)
		go_on(&others[i]);
	for (unsigned i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		go_on(late[i]);
	kill(handles.pid, SIGUSR1);
	kill(dies.pid, SIGKILL);
	kill(dies_copying.pid, SIGKILL);
	await_events(events, sizeof(events) / sizeof(events[0]), others);
	result("signal_told", hear_of(&handles.up, handles.pid,
				      "a process that gets a signal while it waits for a page"));
	result("page", how_it_came(&others[FIRST - 1], "a process that waits for a page in swap"));
	result("page_of_a_copy",
	       how_it_came(&copies, "a process whose system call waits for a page in swap"));
	result("page_after_a_signal",
	       how_it_came(&resumes, "a process whose wait for a page was interrupted"));
	if (has_ended(&dies))
		result_end("killed", "a process that was killed while it waited for a page",
			   wait_child(dies.pid), 128 + SIGKILL);
	kill(handles.pid, SIGKILL);
	for (unsigned i = 0; i < OTHERS; i++)
		kill(others[i].pid, SIGKILL);
}

/* ---- another thread changes the mappings ---- */

#define STACK	 (16 * PAGE)
/* With forced preemption, the threads that read run many times while the other one is in the kernel. */
#define ROUNDS	 100
#define SLEEP_NS 400000 /* at most */
#define READERS	 6 /* one for each kind of access: loads of three places, and three that copy */

static char *here, *there, *replaced;
static volatile bool ends;
static volatile uint64_t forbidden, gone, other_values, refused_copies;
static int copied;   /* a file that the kernel copies to */
static char *stacks; /* of the threads that read */
static sigjmp_buf backs[READERS];

static size_t this_reader(void)
{
	return (size_t)((char *)__builtin_frame_address(0) - stacks) / STACK;
}

static void look_why(int number, siginfo_t *info, void *context)
{
	char *at = info->si_addr;

	(void)context;
	if (at < here || at >= there + (there - here)) /* `replaced`: something is always there */
		gone++;
	else if (number != SIGSEGV || info->si_code != SEGV_MAPERR)
		forbidden++;
	siglongjmp(backs[this_reader()], 1);
}

/* What is replaced is always there, for the kernel's copies, too. */
static void copy_byte(const char *from)
{
	if (pwrite(copied, from, 1, 0) != 1)
		refused_copies++;
}

/*
 * Reads where memory is, or was, or will be. It sleeps in between, each time for another time: when it
 * wakes, it interrupts the other thread, wherever that is. The first access after a sleep is the one that
 * finds the other thread's work unfinished, so each reader begins with a kind of its own.
 */
static int touch(void *step)
{
	struct timespec some = { 0 };
	struct sigaction action = { .sa_sigaction = look_why, .sa_flags = SA_SIGINFO };
	char *const places[] = { here, there, replaced };

	if (sigaction(SIGSEGV, &action, NULL) || sigaction(SIGBUS, &action, NULL))
		return 1;
	for (size_t i = 0; !ends; i++) {
		size_t kind = i + this_reader();

		if (i % 12 == 0) {
			some.tv_nsec = (long)(mix((uint64_t)step, kind) % SLEEP_NS);
			nanosleep(&some, NULL);
		}
		if (kind % 2)
			copy_byte(&replaced[i / 3 % 4 * (size_t)step]);
		else if (sigsetjmp(backs[this_reader()], 1) == 0)
			other_values += places[kind / 2 % 3][i / 3 % 4 * (size_t)step] != 'x';
	}
	return 0;
}

/*
 * One thread moves memory here and there, and replaces other memory by mmap. For another thread, what
 * is moved may be there or not, but it is never forbidden, and what is replaced is always there.
 */
static void moved(uint64_t seed, size_t n)
{
	int pids[READERS], file = memfd_create("file", 0);

	copied = memfd_create("copied", 0);

	let_children_die();
	stacks = map_pages(READERS * STACK / PAGE, MAP_PRIVATE);
	here = map_pages(2 * n, MAP_PRIVATE);
	there = here + n * PAGE;
	memset(here, 'x', n * PAGE);
	for (size_t i = 0; i < n; i++)
		check_count("pwrite", pwrite(file, here, PAGE, (off_t)(i * PAGE)), PAGE);
	replaced = mmap(NULL, n * PAGE, PROT_READ, MAP_SHARED, file, 0);
	if (munmap(there, n * PAGE))
		fail("munmap");
	for (unsigned i = 0; i < READERS; i++) {
		pids[i] = clone(touch, stacks + (i + 1) * STACK, CLONE_VM | SIGCHLD,
				(void *)(n / 8 * PAGE + seed % 999));
		if (pids[i] < 0)
			fail("clone");
	}
	/* With entries for all pages, the range is unmapped in many steps, between which readers run. */
	for (unsigned i = 0; i < ROUNDS; i++) {
		char *from = i % 2 ? there : here, *to = i % 2 ? here : there;

		if (mremap(from, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
			fail("mremap");
		for (unsigned k = 0; k < 2; k++)
			if (mmap(replaced, n * PAGE, PROT_READ,
				 MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, 0) != replaced)
				fail("mmap");
	}
	ends = true;
	for (unsigned i = 0; i < READERS; i++)
		result_end("end", "a thread that reads memory while another one moves it",
			   wait_child(pids[i]), 0);
	if (forbidden)
		show("a thread got SEGV_ACCERR, or SIGBUS, %llu times for memory that was being moved",
		     (unsigned long long)forbidden);
	if (gone)
		show("a thread got a signal %llu times for memory that was being replaced",
		     (unsigned long long)gone);
	if (refused_copies)
		show("a system call was refused %llu times for memory that was being replaced",
		     (unsigned long long)refused_copies);
	result("forbidden", forbidden);
	result("refused_copies", refused_copies);
	result("gone", gone);
	result("other_values", other_values);
}

int main(int argc, char **argv)
{
	static const struct lab_test tests[] = {
		{ "out_of_memory", out_of_memory },
		{ "copies_out_of_memory", copies_out_of_memory },
		{ "swapped", swapped },
		{ "copies_swapped", copies_swapped },
		{ "larger_than_memory", larger_than_memory },
		{ "slow_disk", slow_disk },
		{ "moved", moved },
	};

	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
