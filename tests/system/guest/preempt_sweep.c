/* SPDX-License-Identifier: MIT */
/* Calls that are preempted after each n-th of their instructions, by one that meddles (hardened kernel). */

/*
 * preempt_sweep CALL|all [STEP [POINTS]]: `all` leaves those out that wait for seconds. The competitor is a
 * process in the same memory, a thread, or a process in the memory of whose child makes the call. A line a call: points, their
 * distance, how often the call was preempted.
 */
#define _GNU_SOURCE
#include "preempt_sweep.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK	    100 /* instructions, under -icount */
#define PAGE	    4096l
#define UNDISTURBED 3
#define MISSES	    3 /* so many in a row: the call's end is reached */
#define N_MAX	    3000000l
#define FAILED_MAX  10

volatile struct common *common;

static const struct sweep *sweep;
static long point; /* n: nanoseconds, which are instructions, from arm() to the preemption */
static unsigned failed, failed_all;
static char *self;
static long all_points; /* without a STEP, about */

void expect(int is, const char *what, long got)
{
	if (!is && failed++ < FAILED_MAX)
		printf("# %s: after %ld instructions: %s: %ld\n", sweep->name, point, what, got);
}

void yield(void)
{
	CALL(sched_yield, 0);
}

/* Involuntary switches of this thread. */
static long switches(void)
{
	struct rusage usage;

	CALL(getrusage, RUSAGE_THREAD, (uint64_t)&usage);
	return usage.ru_nivcsw;
}

static void no_ops(long n)
{
	while (n-- > 0)
		asm volatile("nop");
}

static long now(void)
{
	struct timespec t;

	CALL(clock_gettime, CLOCK_MONOTONIC, (uint64_t)&t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

void arm(void)
{
	common->switches = switches();
	common->due = now() + point;
	common->inside = 1;
	CALL(faultline, FAULTLINE_PREEMPT, 0, 0, 0, (uint64_t)point / TICK + 1);
	no_ops((TICK - point % TICK) / 3); /* each turn of the loop is three */
}

static void disarm(void)
{
	CALL(faultline, FAULTLINE_PREEMPT, 0, 0, 0, 0);
	common->inside = 0;
	common->over = 1;
}

long child;

int is_alive(long pid)
{
	struct faultline_process process;
	long n = CALL(faultline, FAULTLINE_PROCESS, (uint64_t)pid, (uint64_t)&process,
		      sizeof(process));

	return n == 1 && process.state != FAULTLINE_ZOMBIE;
}

static char stack[1 << 14] __attribute__((aligned(16)));

static int be_competitor(void *unused)
{
	if (sweep->enter)
		sweep->enter();
	while (!common->inside && !common->over)
		yield();
	while (sweep->timed && common->inside && now() < common->due)
		yield();
	if (common->inside) {
		common->competed = 1;
		common->alive = sweep->by_child && is_alive(child);
		sweep->compete();
	}
	return 0;
}

int reap(long pid)
{
	int status = -1;

	expect(CALL(wait4, (uint64_t)pid, (uint64_t)&status, __WALL, 0) == pid, "wait4", status);
	return status;
}

/* The kernel clears it when the thread has ended. */
static volatile int thread_id;

static void start_thread(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	long tid = clone(be_competitor, stack + sizeof(stack), flags, NULL, &thread_id, NULL,
			 &thread_id);

	expect(tid > 0, "clone", tid);
}

static void join_thread(void)
{
	while (thread_id != 0)
		yield();
}

static long took;

/* One point: true: the call was preempted in its midst. */
static int try(void)
{
	long before;
	int preempted = 0;
	long pid = 0;

	common->inside = common->over = common->competed = common->alive = 0;
	if (sweep->prepare)
		sweep->prepare();
	if (sweep->by_thread) {
		start_thread();
	} else {
		pid = clone(be_competitor, stack + sizeof(stack), CLONE_VM, NULL);
		expect(pid > 0, "clone", pid);
	}
	if (sweep->ready)
		sweep->ready();
	before = now();
	sweep->call();
	took = now() - before;
	if (!sweep->by_child)
		preempted = switches() != common->switches;
	disarm();
	if (sweep->by_thread)
		join_thread();
	else
		reap(pid);
	sweep->check();
	if (sweep->by_child)
		return common->alive;
	return common->competed && (preempted || sweep->timed);
}

static struct faultline_ledger memory(void)
{
	struct faultline_ledger ledger;

	memset(&ledger, 0, sizeof(ledger));
	expect(CALL(faultline, FAULTLINE_LEDGER, 0, (uint64_t)&ledger, sizeof(ledger)) == 1,
	       "the ledger", 0);
	return ledger;
}

/* A sweep leaves as much memory as there was. */
static void compare(const struct faultline_ledger *before)
{
	struct faultline_ledger after = memory();
	long more = (long)(after.slab_objects - before->slab_objects);

	expect(after.errors == 0, "errors of the ledger", (long)after.errors);
	expect(after.anonymous == before->anonymous, "pages of programs more",
	       (long)(after.anonymous - before->anonymous));
	expect(after.tables == before->tables, "page tables more",
	       (long)(after.tables - before->tables));
	expect(more >= 0 && more <= sweep->spare, "objects of the kernel more", more);
	expect(after.stacks == before->stacks, "frames of kernel stacks more",
	       (long)(after.stacks - before->stacks));
}

static void run(long step)
{
	long points = 0, taken = 0, misses = 0, end = sweep->to ?: N_MAX, least = N_MAX;
	struct faultline_ledger before;

	failed = 0;
	point = N_MAX;
	for (int i = 0; i < UNDISTURBED; i++) { /* an interrupt may make one longer */
		try();
		least = took < least ? took : least;
	}
	before = memory();
	if (!step)
		step = (sweep->length ? sweep->length : least) / all_points | 1;
	for (point = sweep->from ?: 1; point < end && misses < MISSES && failed < FAILED_MAX;
	     point += step) {
		int was = try();

		points++;
		taken += was;
		misses = was ? 0 : misses + 1;
	}
	compare(&before);
	printf("%s: %ld points, one in %ld instructions, preempted at %ld, %u wrong\n", sweep->name,
	       points, step, taken, failed);
	failed_all += failed;
}

/* ---- what several of them use ---- */

#define MINE   0x1000l
#define THEIRS 0x2000l

static long map(long at, long pages)
{
	return CALL(mmap, (uint64_t)at, (uint64_t)(pages * PAGE), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1ul);
}

static void unmap(long at, long pages)
{
	expect(CALL(munmap, (uint64_t)at, (uint64_t)(pages * PAGE)) == 0, "munmap", at);
}

static volatile long *word(long at)
{
	return (volatile long *)at;
}

static void fill(long at, long pages, long value)
{
	for (long i = 0; i < pages; i++)
		*word(at + i * PAGE) = value + i;
}

static void expect_filled(long at, long pages, long value)
{
	for (long i = 0; i < pages; i++)
		expect(*word(at + i * PAGE) == value + i, "a page's word", *word(at + i * PAGE));
}

void churn(void)
{
	long at = map(0, 6);

	expect(at > 0, "mmap", at);
	fill(at, 6, JUNK);
	expect_filled(at, 6, JUNK);
	unmap(at, 6);
}

/* Looks at all that can be seen of the child, which may end meanwhile. */
static void watch(void)
{
	static const unsigned what[] = { FAULTLINE_PROCESS, FAULTLINE_VMAS, FAULTLINE_WALK };
	static char seen[PAGE];

	for (unsigned i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		long n = CALL(faultline, what[i], (uint64_t)child, (uint64_t)seen, sizeof(seen),
			      what[i] == FAULTLINE_WALK ? (uint64_t)watch : 0);

		expect(n >= 0 || n == -3 /* ESRCH */, "what is seen of the child", n);
	}
}

static void churn_and_watch(void)
{
	watch();
	churn();
	watch();
}

static int ends[2];
static int first_free; /* descriptor; a device is before it */

static void make_pipe(int flags)
{
	expect(CALL(pipe2, (uint64_t)ends, (uint64_t)flags) == 0, "pipe2", ends[0]);
	expect(ends[0] == first_free && ends[1] == first_free + 1, "a descriptor too many is open",
	       ends[1]);
}

static void close_end(int end)
{
	expect(CALL(close, (uint64_t)ends[end]) == 0, "close", end);
}

static void close_pipe(void)
{
	close_end(0);
	close_end(1);
}

/* ---- fork ---- */

static volatile long words[2];
int child_status;

static void prepare_fork(void)
{
	words[0] = 40;
	words[1] = 0;
}

static void call_fork(void)
{
	arm();
	child = CALL(clone, SIGCHLD);
	if (child == 0)
		CALL(exit_group, (uint64_t)(words[0] + words[1]));
}

static void compete_fork(void)
{
	words[1] = 1;
	churn();
}

static void check_fork(void)
{
	int status;

	expect(child > 0, "clone", child);
	status = WEXITSTATUS(reap(child));
	expect(status == 40 || (status == 41 && common->competed), "what the child saw", status);
	expect(words[0] == 40 && words[1] == common->competed, "what is left of it", words[1]);
}

/* ---- exec, exit: a child's ---- */

static long zeros[3 * PAGE / 8]; /* of the BSS */

static int be_executed(void)
{
	for (unsigned i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
		if (zeros[i])
			return 1;
	return 23;
}

void fork_child(void (*does)(void))
{
	child = CALL(clone, SIGCHLD);
	if (child == 0)
		does();
	expect(child > 0, "clone", child);
	child_status = reap(child);
	common->inside = 0;
}

static void execute(void)
{
	char *const argv[] = { self, "executed", NULL };
	static char *const envp[] = { NULL };

	fill((long)zeros, sizeof(zeros) / PAGE, JUNK);
	arm();
	CALL(execve, (uint64_t)self, (uint64_t)argv, (uint64_t)envp);
	CALL(exit_group, 99);
}

static void call_exec(void)
{
	fork_child(execute);
}

static void check_exec(void)
{
	expect(child_status == 23 << 8, "status", child_status);
}

static void end_it(void)
{
	fill(map(0, 4), 4, JUNK);
	arm();
	CALL(exit_group, 7);
}

static void prepare_exit(void)
{
	make_pipe(O_NONBLOCK);
}

static void call_exit(void)
{
	fork_child(end_it);
}

/* The child's end of the pipe is another reference to the one that we have. */
static void compete_exit(void)
{
	char c;
	long got;

	close_end(1);
	got = CALL(read, (uint64_t)ends[0], (uint64_t)&c, 1);
	expect(got == -11 /* EAGAIN */, "read", got);
	churn_and_watch();
}

static void check_exit(void)
{
	char c;

	expect(child_status == 7 << 8, "status", child_status);
	close_end(1);
	expect(CALL(read, (uint64_t)ends[0], (uint64_t)&c, 1) == 0, "the pipe's end", 0);
	close_end(0);
}

/* ---- wait ---- */

/* The child is ready all the time, and ends when its parent is preempted. */
static void ready_wait(void)
{
	child = CALL(clone, SIGCHLD);
	if (child == 0) {
		while (!common->inside)
			yield();
		CALL(exit_group, 5);
	}
}

static void call_wait(void)
{
	arm();
	child_status = reap(child);
}

static void check_wait(void)
{
	expect(child_status == 5 << 8, "status", child_status);
}

/* ---- a signal's delivery ---- */

static volatile int ran[2], arms_late;
static volatile double half = 0.5;

#define FS2  18
#define KEPT 0x1234567890abcdefl

/* The one changes a register of the signal frame, the other a register. */
static void handle(int sig, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;

	(void)info;
	ran[sig == SIGUSR2]++;
	if (sig == SIGUSR1)
		frame->uc_mcontext.__fpregs.__d.__f[FS2] = KEPT;
	else
		half = half * 2 / 2;
	if (sig == SIGUSR1 && arms_late)
		arm();
}

static void prepare_signal(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	sigfillset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	ran[0] = ran[1] = 0;
	arms_late = 0;
}

/* Only the way back from the handler: few instructions load the registers. */
static void prepare_sigreturn(void)
{
	prepare_signal();
	arms_late = 1;
}

/*
 * The switch to the competitor leaves a copy of fs2 in the kernel. If that copy overwrites what
 * sigreturn loads, the value from the signal frame is lost. Nothing else here uses fs2.
 */
static void ready_signal(void)
{
	asm volatile("fmv.d.x fs2, %0" : : "r"(MINE));
	yield();
}

static void call_signal(void)
{
	long back;

	if (!arms_late)
		arm();
	expect(CALL(kill, CALL(getpid, 0), SIGUSR1) == 0, "kill", 0);
	asm volatile("fmv.x.d %0, fs2" : "=r"(back));
	expect(back == KEPT, "fs2", back);
}

static void compete_signal(void)
{
	asm volatile("fmv.d.x fs2, %0" : : "r"(JUNK));
	expect(CALL(kill, CALL(getppid, 0), SIGUSR2) == 0, "kill", 0);
	churn();
}

static void check_signal(void)
{
	expect(ran[0] == 1, "how often the handler ran", ran[0]);
	expect(ran[1] == common->competed, "how often the other's ran", ran[1]);
}

/* ---- floating-point registers over a call ---- */

static void change_fs2(void)
{
	asm volatile("fmv.d.x fs2, %0" : : "r"(JUNK));
}

/*
 * The competitor has used the FPU, so the registers were loaded at the switch back, and have not been changed since. If the
 * competitor uses it again during the call, they are not loaded at the next one: the program does that by a trap.
 */
static void ready_floats(void)
{
	yield();
	asm volatile("fmv.d.x fs2, %0" : : "r"(MINE));
	yield();
}

static void call_floats(void)
{
	long back;

	arm();
	CALL(getppid, 0);
	asm volatile("fmv.x.d %0, fs2" : "=r"(back));
	expect(back == MINE, "fs2", back);
}

static void check_floats(void)
{
	expect(common->over, "the call is over", common->over);
}

/* ---- mmap, munmap, faults ---- */

#define PAGES  8
#define MAP_AT 0x20000000l

static long mapped, their_map;

static void call_mmap(void)
{
	arm();
	mapped = map(0, PAGES);
}

static void compete_mmap(void)
{
	their_map = map(0, PAGES);
	expect(their_map > 0, "mmap", their_map);
	fill(their_map, PAGES, THEIRS);
}

static void check_mmap(void)
{
	expect(mapped > 0, "mmap", mapped);
	fill(mapped, PAGES, MINE);
	if (common->competed) {
		expect_filled(their_map, PAGES, THEIRS);
		unmap(their_map, PAGES);
	}
	expect_filled(mapped, PAGES, MINE);
	unmap(mapped, PAGES);
}

static void prepare_munmap(void)
{
	expect(map(MAP_AT, PAGES + 2) == MAP_AT, "mmap", 0);
	fill(MAP_AT, PAGES + 2, MINE);
	make_pipe(O_NONBLOCK);
}

static void call_munmap(void)
{
	arm();
	unmap(MAP_AT + PAGE, PAGES);
}

/* A page has what it had, or is gone: what write says of it. */
static void look_at_unmapped(void)
{
	for (long i = 1; i <= PAGES; i++) {
		long value = 0, got = CALL(write, (uint64_t)ends[1], (uint64_t)(MAP_AT + i * PAGE),
					   sizeof(value));

		if (got == -14 /* EFAULT */)
			continue;
		expect(got == sizeof(value), "write", got);
		got = CALL(read, (uint64_t)ends[0], (uint64_t)&value, sizeof(value));
		expect(got == sizeof(value) && value == MINE + i, "a page that goes", value);
	}
}

static void compete_munmap(void)
{
	look_at_unmapped();
	churn();
	look_at_unmapped();
}

static void check_munmap(void)
{
	for (long i = 1; i <= PAGES; i++)
		expect(CALL(write, (uint64_t)ends[1], (uint64_t)(MAP_AT + i * PAGE), 8) == -14,
		       "a page that is gone", i);
	expect(*word(MAP_AT) == MINE, "the page below", *word(MAP_AT));
	expect(*word(MAP_AT + (PAGES + 1) * PAGE) == MINE + PAGES + 1, "the page above", 0);
	unmap(MAP_AT, PAGES + 2);
	close_pipe();
}

static void prepare_fault(void)
{
	expect(map(MAP_AT, 1) == MAP_AT, "mmap", 0);
}

static void call_fault(void)
{
	arm();
	*word(MAP_AT) = MINE;
}

static void compete_fault(void)
{
	churn();
	*word(MAP_AT + 8) = THEIRS;
	expect(*word(MAP_AT + 16) == 0, "a word that nobody wrote", *word(MAP_AT + 16));
}

static void check_fault(void)
{
	expect(*word(MAP_AT) == MINE, "the word written", *word(MAP_AT));
	expect(*word(MAP_AT + 8) == (common->competed ? THEIRS : 0), "the other's",
	       *word(MAP_AT + 8));
	unmap(MAP_AT, 1);
}

/* A child has the same page, and looks at it in the end. */
static void prepare_cow(void)
{
	char c;

	prepare_fault();
	*word(MAP_AT) = JUNK;
	make_pipe(0);
	child = CALL(clone, SIGCHLD);
	if (child == 0) {
		close_end(1);
		CALL(read, (uint64_t)ends[0], (uint64_t)&c, 1);
		CALL(exit_group, *word(MAP_AT) == JUNK && *word(MAP_AT + 8) == 0 ? 9 : 1);
	}
	yield();
}

static void check_cow(void)
{
	check_fault();
	close_pipe();
	child_status = reap(child);
	expect(child_status == 9 << 8, "what the child has", child_status);
}

/* ---- pages in swap ---- */

#define SPARE 16 /* between NODES_LEAST and NODES_MOST of mm/swap/swap_cache.c */

/* The page at MAP_AT is on the disk, and nowhere else. */
static void prepare_out(void)
{
	unsigned char there = 1;

	prepare_fault();
	*word(MAP_AT) = JUNK;
	while (there) {
		long err = CALL(madvise, MAP_AT, PAGE, MADV_PAGEOUT);

		expect(err == 0, "madvise", err);
		yield();
		CALL(mincore, MAP_AT, PAGE, (uint64_t)&there);
	}
}

/* It is in swap as well, but a child has brought it back: here it comes without a wait. */
static void prepare_cached(void)
{
	prepare_out();
	common->ready = 0;
	child = CALL(clone, SIGCHLD);
	if (child == 0) {
		common->ready = *word(MAP_AT) == JUNK ? 1 : 2;
		for (;;)
			pause();
	}
	while (!common->ready)
		yield();
	expect(common->ready == 1, "what the child has", common->ready);
}

static void end_child(void)
{
	CALL(kill, (uint64_t)child, SIGKILL);
	child_status = reap(child);
	expect(child_status == SIGKILL, "how the child ended", child_status);
}

static void store(void)
{
	arm();
	*word(MAP_AT) = MINE;
}

static void check_stored(void)
{
	expect(*word(MAP_AT) == MINE, "the word written", *word(MAP_AT));
	expect(*word(MAP_AT + 8) == 0, "a word that nobody wrote", *word(MAP_AT + 8));
	unmap(MAP_AT, 1);
	end_child();
}

/* The other's child has the page as it was, or as it is. */
static void compete_swap_fork(void)
{
	long pid = CALL(clone, SIGCHLD), status;

	if (pid == 0) {
		long value = *word(MAP_AT);

		*word(MAP_AT) = THEIRS;
		CALL(exit_group, value == JUNK || value == MINE ? 8 : 1);
	}
	churn();
	status = reap(pid);
	expect(status == 8 << 8, "what the other's child has", status);
}

static void compete_swap_exit(void)
{
	CALL(kill, (uint64_t)child, SIGKILL);
	while (is_alive(child))
		yield();
	churn();
}

static long copied;

static void prepare_swap_munmap(void)
{
	prepare_cached();
	make_pipe(O_NONBLOCK);
}

static void prepare_swap_read(void)
{
	prepare_out();
	make_pipe(O_NONBLOCK);
}

static void call_copy(void)
{
	arm();
	copied = CALL(write, (uint64_t)ends[1], MAP_AT, sizeof(long));
}

static void compete_swap_munmap(void)
{
	unmap(MAP_AT, 1);
	churn();
}

/* The page was there, or was gone. */
static void check_swap_read(void)
{
	long value = 0;

	if (copied == sizeof(value)) {
		CALL(read, (uint64_t)ends[0], (uint64_t)&value, sizeof(value));
		expect(value == JUNK, "a word from swap", value);
	} else {
		expect(copied == -14 /* EFAULT */ && common->competed, "write", copied);
	}
	unmap(MAP_AT, 1);
	close_pipe();
}

static void check_swap_munmap(void)
{
	check_swap_read();
	end_child();
}

/* ---- pipes, close ---- */

#define WRITE_BYTES 6000
#define READ_BYTES  100

static char bytes[WRITE_BYTES], back[WRITE_BYTES + 1];
static long they_read, done;

static void prepare_write(void)
{
	for (unsigned i = 0; i < WRITE_BYTES; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	memset(back, 0, sizeof(back));
	they_read = 0;
	make_pipe(O_NONBLOCK);
}

static void call_write(void)
{
	arm();
	done = CALL(write, (uint64_t)ends[1], (uint64_t)bytes, WRITE_BYTES);
}

static void compete_write(void)
{
	they_read = CALL(read, (uint64_t)ends[0], (uint64_t)back, WRITE_BYTES / 2);
}

static void check_write(void)
{
	expect(done == WRITE_BYTES, "write", done);
	expect(they_read >= 0 || they_read == -11, "the other's read", they_read);
	if (they_read < 0)
		they_read = 0;
	done = CALL(read, (uint64_t)ends[0], (uint64_t)(back + they_read), WRITE_BYTES);
	expect(done == WRITE_BYTES - they_read, "read", done);
	expect(memcmp(back, bytes, WRITE_BYTES) == 0, "bytes", they_read);
	close_pipe();
}

static void prepare_read(void)
{
	memset(back, 0, sizeof(back));
	make_pipe(0);
}

static void call_read(void)
{
	arm();
	done = CALL(read, (uint64_t)ends[0], (uint64_t)back, WRITE_BYTES);
}

static void compete_read(void)
{
	expect(CALL(write, (uint64_t)ends[1], (uint64_t)bytes, READ_BYTES) == READ_BYTES, "write",
	       0);
}

static void check_read(void)
{
	expect(done == READ_BYTES, "read", done);
	expect(memcmp(back, bytes, READ_BYTES) == 0, "bytes", 0);
	close_pipe();
}

static void call_close(void)
{
	arm();
	done = CALL(close, (uint64_t)ends[1]);
}

/* The last writer is the one that the call closes. */
static void enter_close(void)
{
	close_end(1);
}

static void compete_close(void)
{
	they_read = CALL(read, (uint64_t)ends[0], (uint64_t)back, 1);
	expect(they_read == 0, "the pipe's end", they_read);
}

static void check_close(void)
{
	expect(done == 0, "close", done);
	expect(CALL(close, (uint64_t)ends[1]) == -9 /* EBADF */, "close once more", 0);
	close_end(0);
}

static struct pollfd polled;

static void prepare_poll(void)
{
	make_pipe(0);
	polled = (struct pollfd){ .fd = ends[0], .events = POLLIN };
}

/* The competitor has the only writer from here on. */
static void ready_poll(void)
{
	close_end(1);
}

static void call_poll(void)
{
	arm();
	expect(CALL(ppoll, (uint64_t)&polled, 1) == 1, "ppoll", polled.revents);
}

static void compete_poll(void)
{
	expect(CALL(write, (uint64_t)ends[1], (uint64_t)bytes, 1) == 1, "write", 0);
	close_end(1);
}

static void check_poll(void)
{
	expect((polled.revents & POLLIN) != 0, "an end before the last byte", polled.revents);
	done = CALL(read, (uint64_t)ends[0], (uint64_t)back, WRITE_BYTES);
	expect(done == 1, "read", done);
	done = CALL(read, (uint64_t)ends[0], (uint64_t)back, WRITE_BYTES);
	expect(done == 0, "read at the end", done);
	close_end(0);
}

static const struct sweep sweeps[] = {
	{ .name = "fork",
	  .prepare = prepare_fork,
	  .call = call_fork,
	  .compete = compete_fork,
	  .check = check_fork },
	{ .name = "exec",
	  .call = call_exec,
	  .compete = churn_and_watch,
	  .check = check_exec,
	  .length = 450000,
	  .by_child = 1 },
	{ .name = "exit",
	  .prepare = prepare_exit,
	  .call = call_exit,
	  .compete = compete_exit,
	  .check = check_exit,
	  .length = 120000,
	  .by_child = 1 },
	{ .name = "wait",
	  .ready = ready_wait,
	  .call = call_wait,
	  .compete = churn_and_watch,
	  .check = check_wait,
	  .length = 3000 },
	{ .name = "signal",
	  .prepare = prepare_signal,
	  .ready = ready_signal,
	  .call = call_signal,
	  .compete = compete_signal,
	  .check = check_signal,
	  .length = 8000 },
	{ .name = "sigreturn",
	  .prepare = prepare_sigreturn,
	  .ready = ready_signal,
	  .call = call_signal,
	  .compete = compete_signal,
	  .check = check_signal,
	  .length = STEPS_OF(15) },
	{ .name = "floats",
	  .enter = change_fs2,
	  .ready = ready_floats,
	  .call = call_floats,
	  .compete = change_fs2,
	  .check = check_floats,
	  .length = STEPS_OF(1) },
	{ .name = "mmap", .call = call_mmap, .compete = compete_mmap, .check = check_mmap },
	{ .name = "munmap",
	  .prepare = prepare_munmap,
	  .call = call_munmap,
	  .compete = compete_munmap,
	  .check = check_munmap },
	{ .name = "fault",
	  .prepare = prepare_fault,
	  .call = call_fault,
	  .compete = compete_fault,
	  .check = check_fault },
	{ .name = "cow",
	  .prepare = prepare_cow,
	  .call = call_fault,
	  .compete = compete_fault,
	  .check = check_cow,
	  .length = 13000 },
	{ .name = "swap_fork",
	  .prepare = prepare_cached,
	  .call = store,
	  .compete = compete_swap_fork,
	  .check = check_stored,
	  .length = 14000,
	  .spare = SPARE },
	{ .name = "swap_exit",
	  .prepare = prepare_cached,
	  .call = store,
	  .compete = compete_swap_exit,
	  .check = check_stored,
	  .length = 14000,
	  .spare = SPARE },
	{ .name = "swap_munmap",
	  .prepare = prepare_swap_munmap,
	  .call = call_copy,
	  .compete = compete_swap_munmap,
	  .check = check_swap_munmap,
	  .length = 14000,
	  .spare = SPARE },
	{ .name = "swap_read",
	  .prepare = prepare_swap_read,
	  .call = call_copy,
	  .compete = compete_swap_munmap,
	  .check = check_swap_read,
	  .length = 42000,
	  .spare = SPARE },
	{ .name = "write",
	  .prepare = prepare_write,
	  .call = call_write,
	  .compete = compete_write,
	  .check = check_write },
	{ .name = "read",
	  .prepare = prepare_read,
	  .call = call_read,
	  .compete = compete_read,
	  .check = check_read,
	  .length = 3000 },
	{ .name = "close",
	  .prepare = prepare_read,
	  .ready = yield,
	  .call = call_close,
	  .enter = enter_close,
	  .compete = compete_close,
	  .check = check_close },
	{ .name = "poll",
	  .prepare = prepare_poll,
	  .ready = ready_poll,
	  .call = call_poll,
	  .compete = compete_poll,
	  .check = check_poll,
	  .from = 1500,
	  .to = 4500,
	  .length = STEPS_OF(13) },
	{ .name = NULL },
};

static void run_all(const struct sweep *all, const char *name, long step)
{
	for (sweep = all; sweep->name; sweep++) {
		if (!name || strcmp(name, sweep->name) == 0)
			run(step);
		fflush(stdout);
	}
}

/*
 * The few instructions between a reader's look at an empty pipe and its sleep: each is tried, which "read" does not. A
 * reader that misses the bytes sleeps for ever.
 */
static const struct sweep slow_read_sweeps[] = {
	{ .name = "read_look",
	  .prepare = prepare_read,
	  .call = call_read,
	  .compete = compete_read,
	  .check = check_read,
	  .from = 1,
	  .to = 1700,
	  .length = STEPS_OF(1) },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 && strcmp(argv[1], "all") != 0 ? argv[1] : NULL;
	long step = argc > 2 ? atol(argv[2]) : 0;

	all_points = argc > 3 ? atol(argv[3]) : POINTS;

	if (argc == 2 && strcmp(argv[1], "executed") == 0)
		return be_executed();
	self = argv[0];
	first_free = dup(0);
	close(first_free);
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (CALL(faultline, FAULTLINE_PREEMPT, 0, 0, 0, 1ul << 32) != -22 /* EINVAL */)
		failed_all++;
	run_all(sweeps, name, step);
	run_all(event_sweeps, name, step);
	run_all(ipc_sweeps, name, step);
	run_all(socket_sweeps, name, step);
	run_all(job_sweeps, name, step);
	run_all(lock_sweeps, name, step);
	run_all(p9_sweeps, name, step);
	run_all(thread_sweeps, name, step);
	run_all(uio_sweeps, name, step);
	run_all(write_sweeps, name, step);
	if (name) {
		run_all(slow_read_sweeps, name, step);
		run_all(slow_sweeps, name, step);
		run_all(slow_thread_sweeps, name, step);
	}
	return failed_all != 0;
}
