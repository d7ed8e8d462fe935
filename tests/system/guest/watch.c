/* SPDX-License-Identifier: MIT */
/* Watches its own faults through Faultline's call, and says what it did not see as it should be. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/faultline.h"

#define PAGE	 4096ul
#define SLEEPERS 8

static int points, failures;
static struct faultline_trace trace;
static struct faultline_process self;
static struct faultline_vma vmas[64];

static long ask(long what, long which, void *buf, size_t size, uint64_t from)
{
	return syscall(SYS_faultline, what, which, buf, size, from);
}

static void expect(const char *what, long expected, long actual)
{
	if (expected != actual)
		printf("# %s: expected %ld, actual %ld\n", what, expected, actual);
	printf("%s %d - %s\n", expected == actual ? "ok" : "not ok", ++points, what);
	failures += expected != actual;
}

static void expect_error(const char *what, int error, long result)
{
	expect(what, error, result == -1 ? errno : 0);
}

static char *map(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void touch(volatile char *p, unsigned npages)
{
	for (unsigned i = 0; i < npages; i++)
		p[i * PAGE] = 1;
}

static uint64_t fills(void)
{
	if (ask(FAULTLINE_PROCESS, 0, &self, sizeof(self), 0) != 1)
		return 0;
	return self.faults[FAULTLINE_FILL];
}

static void process(void)
{
	char *p = map(5 * PAGE);
	uint64_t before = fills(), resident = self.resident;

	touch(p, 5);
	expect("5 pages are 5 FILLs", 5, (long)(fills() - before));
	expect("and 5 frames", 5, (long)(self.resident - resident));
	expect("its pid", getpid(), self.pid);
	expect("its parent's", getppid(), self.parent);
	expect("its name", 0, strcmp(self.name, "watch"));
	expect("its state", FAULTLINE_ALIVE, self.state);
	expect("its threads", 1, (long)self.threads);
	expect("its heap's end", (long)sbrk(0), (long)self.heap_end);
}

/* Of a child that stops and goes on. */
static void states(void)
{
	int pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	waitpid(pid, NULL, WUNTRACED);
	ask(FAULTLINE_PROCESS, (unsigned long)pid, &self, sizeof(self), 0);
	expect("it has stopped", FAULTLINE_STOPPED, self.state);
	kill(pid, SIGCONT);
	do { /* it is on its way to pause() */
		sched_yield();
		ask(FAULTLINE_PROCESS, (unsigned long)pid, &self, sizeof(self), 0);
	} while (self.state == FAULTLINE_ALIVE);
	expect("it goes on, and sleeps", FAULTLINE_SLEEPING, self.state);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGKILL);
	ask(FAULTLINE_PROCESS, (unsigned long)pid, &self, sizeof(self), 0);
	expect("what is killed has not stopped", 0, self.state == FAULTLINE_STOPPED);
	waitpid(pid, NULL, 0);
	pid = fork();
	while (pid == 0)
		;
	sched_yield();
	ask(FAULTLINE_PROCESS, (unsigned long)pid, &self, sizeof(self), 0);
	expect("what loops does not sleep", FAULTLINE_ALIVE, self.state);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Of a child whose first thread has ended while others sleep: it is not one that runs. */
static void threads(void)
{
	pthread_t thread;
	int pid = fork();

	if (pid == 0) {
		if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0 ||
		    pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
			_exit(1);
		pthread_exit(NULL);
	}
	do { /* they are on their way */
		sched_yield();
		ask(FAULTLINE_PROCESS, (unsigned long)pid, &self, sizeof(self), 0);
	} while (self.state == FAULTLINE_ALIVE || self.threads != 3);
	expect("two sleep, and the first has ended", FAULTLINE_SLEEPING, self.state);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const struct faultline_vma *find(long n, const void *p)
{
	for (long i = 0; i < n; i++)
		if ((uintptr_t)p >= vmas[i].start && (uintptr_t)p < vmas[i].end)
			return &vmas[i];
	printf("# %p is in no VMA\n", p);
	return &vmas[63];
}

static long count_unordered(long n)
{
	long wrong = 0;

	for (long i = 0; i < n; i++)
		wrong += vmas[i].start >= vmas[i].end || (i > 0 && vmas[i].start < vmas[i - 1].end);
	return wrong;
}

static void mappings(void)
{
	char *p = map(16 * PAGE);
	int local = 0;
	const struct faultline_vma *vma;
	long n;

	mprotect(p + 12 * PAGE, 4 * PAGE, PROT_READ); /* so that the rest is a VMA of its own */
	munmap(p, PAGE);
	touch(p + PAGE, 7);
	n = ask(FAULTLINE_VMAS, 0, vmas, sizeof(vmas), 0);
	fills();
	expect("as many VMAs as it has", self.vmas, n);
	expect("in order", 0, count_unordered(n));
	vma = find(n, p + PAGE);
	expect("7 FILLs in the one that was touched", 7, vma->faults[FAULTLINE_FILL]);
	expect("which may be written", FAULTLINE_VMA_READ | FAULTLINE_VMA_WRITE, vma->flags);
	expect("what is in it", 0, strcmp(vma->kind, "anon"));
	expect("the stack's", FAULTLINE_VMA_STACK, find(n, &local)->flags & FAULTLINE_VMA_STACK);
	expect("the heap's", FAULTLINE_VMA_HEAP,
	       find(n, (char *)sbrk(0) - 1)->flags & FAULTLINE_VMA_HEAP);
	expect("its own code's", FAULTLINE_VMA_IMAGE | FAULTLINE_VMA_READ | FAULTLINE_VMA_EXEC,
	       find(n, (void *)(uintptr_t)mappings)->flags);
	expect("one at a time", 1,
	       ask(FAULTLINE_VMAS, 0, vmas, sizeof(vmas[0]), (uintptr_t)p + PAGE));
	expect("from an address on", (long)(p + PAGE), (long)vmas[0].start);
	expect("none above the last", 0, ask(FAULTLINE_VMAS, 0, vmas, sizeof(vmas), UINT64_MAX));
}

/* Reads on to the end of the ring. */
static uint64_t trace_end(uint64_t from)
{
	do {
		if (ask(FAULTLINE_TRACE, 0, &trace, sizeof(trace), from) != 1)
			return 0;
		from = trace.next;
	} while (trace.count == FAULTLINE_TRACE_MAX);
	return from;
}

static const struct faultline_fault *find_fault(const void *address)
{
	static const struct faultline_fault none;

	for (uint64_t i = 0; i < trace.count; i++)
		if (trace.faults[i].address == (uintptr_t)address)
			return &trace.faults[i];
	return &none;
}

static void faults(void)
{
	uint64_t from = trace_end(trace_end(0)), to;
	char *p = map(400 * PAGE);
	const struct faultline_fault *fault;

	p[PAGE + 8] = 1;
	(void)*(volatile char *)(p + 2 * PAGE);
	to = trace_end(from);
	expect("two faults, two records", 2, (long)trace.count);
	expect("none is lost", 0, (long)trace.dropped);
	expect("the next is behind them", (long)from + 2, (long)to);
	fault = find_fault(p + PAGE + 8);
	expect("the kind", FAULTLINE_FILL, fault->kind);
	expect("a store", FAULTLINE_VMA_WRITE, fault->access);
	expect("served", 0, fault->result);
	expect("whose", getpid(), fault->pid);
	expect("where", 1, fault->pc >= (uintptr_t)faults && fault->pc < (uintptr_t)faults + 4096);
	expect("it cost something", 1, fault->cost > 100);
	expect("a load", FAULTLINE_VMA_READ, find_fault(p + 2 * PAGE)->access);
	touch(p + 3 * PAGE, 300);
	ask(FAULTLINE_TRACE, 0, &trace, sizeof(trace), to);
	expect("what was overwritten is counted", 300 - FAULTLINE_TRACE_MAX, (long)trace.dropped);
	expect("the others are there", FAULTLINE_TRACE_MAX, (long)trace.count);
	expect("the last one's address", (long)(p + 302 * PAGE), (long)trace.faults[127].address);
}

static void failures_of_others(void)
{
	uint64_t from = trace_end(0);
	const struct faultline_fault *death = NULL;
	int status = 0, pipes[2];
	char *hole = map(PAGE);
	pid_t pid;

	munmap(hole, PAGE);
	if (pipe(pipes) != 0)
		return;
	expect_error("a copy from a hole fails", EFAULT, write(pipes[1], hole, 1));
	trace_end(from);
	expect("it has a record", -EFAULT, find_fault(hole)->result);
	expect("of a copy", FAULTLINE_VMA_READ | 16, find_fault(hole)->access);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		*(volatile char *)hole = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	trace_end(trace.next);
	for (uint64_t i = 0; i < trace.count; i++)
		if (trace.faults[i].pid == pid && trace.faults[i].result)
			death = &trace.faults[i];
	expect("a child dies of it", SIGSEGV, WTERMSIG(status));
	expect("which is seen", SIGSEGV, death ? death->result : 0);
	expect("with its kind", FAULTLINE_DENY_MAPERR, death ? death->kind : -1);
}

static void others(void)
{
	static struct faultline_process list[8];
	int pipes[2];
	long n, seen = 0;
	pid_t pid;
	char c;

	if (pipe(pipes) != 0)
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(pipes[1]);
		_exit((int)read(pipes[0], &c, 1));
	}
	n = ask(FAULTLINE_PROCESSES, 0, list, sizeof(list), 0);
	expect("three processes", 3, n);
	expect("the first is init", 1, list[0].pid);
	expect("called so", 0, strcmp(list[0].name, "init"));
	for (long i = 0; i < n; i++)
		seen += list[i].pid == pid && list[i].parent == getpid();
	expect("the child is there", 1, seen);
	expect("it has memory", 1, ask(FAULTLINE_VMAS, pid, vmas, sizeof(vmas[0]), 0));
	close(pipes[0]);
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	expect_error("it is gone", ESRCH, ask(FAULTLINE_PROCESS, pid, &self, sizeof(self), 0));
	expect_error("with its memory", ESRCH, ask(FAULTLINE_VMAS, pid, vmas, sizeof(vmas), 0));
}

static void machine(void)
{
	struct faultline_machine a, b;
	struct faultline_frames frames;
	char *p = map(PAGE);
	char text[256];

	touch((char *)&a, 1);
	touch((char *)&b, 1);
	ask(FAULTLINE_MACHINE, 0, &a, sizeof(a), 0);
	*(volatile char *)p = 1;
	ask(FAULTLINE_MACHINE, 0, &b, sizeof(b), 0);
	expect("one fault of all", 1, (long)(b.faults - a.faults));
	expect("ticks", 10000000, (long)a.ticks_per_second);
	expect("harts", sysconf(_SC_NPROCESSORS_ONLN), (long)a.harts);
	expect("frames", 1, ask(FAULTLINE_FRAMES, 0, &frames, sizeof(frames), 0));
	expect("those that can be free, and the kernel's own", 1,
	       frames.free + frames.anonymous + frames.object + frames.tables + frames.kernel +
				       frames.zero <=
			       b.frames + frames.reserved_frames &&
		       frames.anonymous > 0 && frames.zero == 1);
	ask(FAULTLINE_WALK, 0, text, sizeof(text), (uintptr_t)p);
	expect("the walk to a page", 1, strstr(text, "leaf[") && strstr(text, "allows a read"));
	ask(FAULTLINE_WALK, 0, text, sizeof(text), 0);
	expect("the walk to nothing", 1, strstr(text, "empty: V=0 refuses a read") != NULL);
}

/* Nothing is recorded here, so that a mark is only looked at. */
static void mark(void)
{
	static const char name[FAULTLINE_MARK_BYTES + 1];
	char *gone = map(PAGE);

	munmap(gone, PAGE);
	expect("a mark", 0, ask(FAULTLINE_MARK, FAULTLINE_MARK_ON, (void *)name, 32, 0));
	expect("without a name", 0, ask(FAULTLINE_MARK, FAULTLINE_MARK_HERE, gone, 0, 0));
	expect_error("a long name", EINVAL,
		     ask(FAULTLINE_MARK, FAULTLINE_MARK_HERE, (void *)name, 33, 0));
	expect_error("another one", EINVAL, ask(FAULTLINE_MARK, 3, (void *)name, 32, 0));
	expect_error("a name that is not there", EFAULT,
		     ask(FAULTLINE_MARK, FAULTLINE_MARK_HERE, gone, 1, 0));
}

/* The walk tells where a frame is; a fresh page has one entry and no other holder. */
static void frame(void)
{
	struct faultline_frame is = { 0 };
	char *p = map(PAGE), text[256];
	uint64_t at;

	*(volatile char *)p = 1;
	ask(FAULTLINE_WALK, 0, text, sizeof(text), (uintptr_t)p);
	at = strtoul(strstr(text, "frame ") + 6, NULL, 16);
	expect("its frame", 1, ask(FAULTLINE_FRAME, (long)at + 5, &is, sizeof(is), 0));
	expect("begins there", (long)at, (long)is.address);
	expect("is private", FAULTLINE_FRAME_PRIVATE, is.kind);
	expect("mapped once", 1, is.mapped);
	expect("with no other holder", 1, is.references);
	expect("no frame", 0, ask(FAULTLINE_FRAME, 0x1000, &is, sizeof(is), 0));
	expect("nor there", 0, ask(FAULTLINE_FRAME, -1, &is, sizeof(is), 0));
	expect_error("no room for it", EINVAL,
		     ask(FAULTLINE_FRAME, (long)at, &is, sizeof(is) - 1, 0));
}

static void refusals(void)
{
	expect_error("no such question", EINVAL, ask(99, 0, &self, sizeof(self), 0));
	expect_error("no such process", ESRCH,
		     ask(FAULTLINE_PROCESS, 30000, &self, sizeof(self), 0));
	expect_error("a negative one", ESRCH, ask(FAULTLINE_PROCESS, -1, &self, sizeof(self), 0));
	expect_error("too little room", EINVAL,
		     ask(FAULTLINE_PROCESS, 0, &self, sizeof(self) - 1, 0));
	expect_error("none for a list", EINVAL, ask(FAULTLINE_VMAS, 0, vmas, 10, 0));
	expect_error("no such hart", EINVAL, ask(FAULTLINE_TRACE, 8, &trace, sizeof(trace), 0));
	expect_error("a buffer in a hole", EFAULT,
		     ask(FAULTLINE_PROCESS, 0, (void *)8, sizeof(self), 0));
	expect_error("a buffer in the kernel", EFAULT,
		     ask(FAULTLINE_TRACE, 0, (void *)-PAGE, sizeof(trace), 0));
	expect_error("a list that ends nowhere", EFAULT,
		     ask(FAULTLINE_VMAS, 0, (void *)-sizeof(vmas[0]), SIZE_MAX, 0));
	expect("a trace from the future", 1,
	       ask(FAULTLINE_TRACE, 0, &trace, sizeof(trace), UINT64_MAX));
	expect("is empty", 0, (long)trace.count);
}

/* The books of the hardened kernel are right while threads sleep on words of a file: each holds the file. */
static void books(void)
{
	static struct faultline_ledger ledger;
	unsigned *words =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int pids[SLEEPERS];

	if (ask(FAULTLINE_LEDGER, 0, &ledger, sizeof(ledger), 0) != 1)
		return;
	for (int i = 0; i < SLEEPERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct futex_waitv list[2] = {
				{ 0, (uintptr_t)&words[i], 2, 0 },
				{ 0, (uintptr_t)&words[SLEEPERS + i], 2, 0 },
			};

			syscall(SYS_futex_waitv, list, 2, 0, NULL, 0);
			_exit(0);
		}
		while (syscall(SYS_futex, &words[i], FUTEX_CMP_REQUEUE, 0, 1, &words[i], 0) < 1)
			usleep(1000);
	}
	expect("the books", 1, ask(FAULTLINE_LEDGER, 0, &ledger, sizeof(ledger), 0));
	expect("their errors", 0, (long)ledger.errors);
	for (int i = 0; i < SLEEPERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

int main(void)
{
	const unsigned long first = 1;

	/* Each hart records its own faults; those of the first are looked at. */
	expect("on one hart", 0, syscall(SYS_sched_setaffinity, 0, sizeof(first), &first));
	touch((char *)&trace, sizeof(trace) / PAGE);
	touch((char *)vmas, sizeof(vmas) / PAGE);
	memset(&trace, 0, sizeof(trace));
	printf("# watching\n"); /* the C library's buffer is there from now on */
	process();
	states();
	threads();
	mappings();
	faults();
	failures_of_others();
	others();
	machine();
	frame();
	mark();
	refusals();
	books();
	printf("1..%d\n", points);
	return failures != 0;
}
