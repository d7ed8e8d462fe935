/* SPDX-License-Identifier: MIT */
/* R130, R131. Programs that have as much as they may of what the kernel counts, searches or walks. */

/*
 * holds CASE...: runs each case in a child. How long the kernel kept the hart meanwhile, it says
 * itself at its end: tests/system/holds.py.
 */

#include "../../user/t.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "lib/ipc.h"
#include "nofile.h"

static void check(bool right, const char *what)
{
	if (right)
		return;
	say("# %s: %s\n", what, strerror(errno));
	_exit(1);
}

#define MUST(call) check((call) >= 0, #call)

static void *map_shared(size_t length)
{
	void *at = mmap(NULL, length, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(at != MAP_FAILED, "shared memory");
	return at;
}

static char *map_private(size_t length)
{
	char *at = mmap(NULL, length, RW, ANON | MAP_NORESERVE, -1, 0);

	check(at != MAP_FAILED, "private memory");
	return at;
}

static void fill(char *at, size_t length)
{
	for (size_t i = 0; i < length; i += PAGE)
		at[i] = 1;
}

/* Waits for the children, which all must end well. */
static void reap_all(void)
{
	int status;

	while (wait(&status) > 0)
		check(status == 0, "a child");
}

/* ---- sparse: pages of a file, each with a path of its own in the index ---- */

#define SPARSE_PAGES 40

static void sparse(void)
{
	int file = memfd_create("sparse", 0);

	MUST(ftruncate(file, 1L << 62));
	for (long i = 0; i < SPARSE_PAGES; i++)
		MUST(pwrite(file, "x", 1, i * ((1L << 62) / SPARSE_PAGES) + (i * 977 << 12)));
	MUST(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1L << 61, 1L << 61));
	MUST(ftruncate(file, 0));
}

/* ---- servers: each waits for the next, and has all descriptors that it may have ---- */

#define SERVERS	 64
#define FD_CHUNK 256 /* as in desc/fdtable.h */

static _Noreturn void serve(const int *receive, const int *send, int i, volatile int *turn)
{
	struct ipc_message message = { 0 };

	for (int k = 0; k < SERVERS; k++)
		if (k != i)
			close(receive[k]);
	allow_files(FD_CHUNK);
	while (dup(receive[i]) >= 0)
		;
	ipc_receive(receive[i], &message, IPC_NOW);
	while (*turn != i)
		sched_yield();
	*turn = i + 1;
	/* The last one finds a ring. Then this end is closed, and the one before goes on. */
	_exit(ipc_call(send[(i + 1) % SERVERS], &message, IPC_NEVER) >= 0);
}

/* Answers the call that its parent makes of its own endpoint. */
static _Noreturn void answer(int receive)
{
	struct pollfd call = { .fd = receive, .events = POLLIN };
	struct ipc_message message = { 0 };
	long id = 0;

	if (poll(&call, 1, -1) == 1)
		id = ipc_receive(receive, &message, IPC_NOW);
	_exit(id <= 0 || ipc_reply(receive, id, &message) != 0);
}

/* All receive ends are its own, at first; then there are as many, but one is the child's. */
static void call_itself(void)
{
	struct ipc_message message = { 0 };
	int receive = ipc_create(0), send = ipc_badge(receive, 0, 0), other = dup(receive);
	volatile int *ready = map_shared(PAGE);
	pid_t child;

	ipc_receive(receive, &message, IPC_NOW);
	check(ipc_call(send, &message, IPC_NEVER) == -EDEADLK, "a call of itself");
	child = fork();
	MUST(child);
	close(other);
	if (child == 0) {
		*ready = 1;
		while (*ready ==
		       1) /* without a reference to the receive end but its descriptor's */
			sched_yield();
		answer(receive);
	}
	while (!*ready)
		sched_yield();
	*ready = 2;
	check(ipc_call(send, &message, IPC_NEVER) == 0, "a call that a child answers");
	close(receive);
	close(send);
}

static void servers(void)
{
	volatile int *turn = map_shared(PAGE);
	int receive[SERVERS], send[SERVERS];

	for (int i = 0; i < SERVERS; i++) {
		MUST(receive[i] = ipc_create(0));
		MUST(send[i] = ipc_badge(receive[i], (uint64_t)i, 0));
	}
	*turn = -1;
	for (int i = 0; i < SERVERS; i++) {
		pid_t pid = fork();

		MUST(pid);
		if (!pid)
			serve(receive, send, i, turn);
	}
	for (int i = 0; i < SERVERS; i++)
		close(receive[i]);
	*turn = 0; /* a ring is one of ends that nobody else has */
	reap_all();
	check(*turn == SERVERS, "servers that waited");
	call_itself();
}

/* ---- forks: mappings that the child does not get, and empty page tables ---- */

#define VMAS   40000ul
#define TABLES 2000ul
#define LEAF   (2 * MIB)

static char *many_vmas(int flags)
{
	char *at = mmap(NULL, VMAS * PAGE, PROT_NONE, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	check(at != MAP_FAILED, "mappings");
	for (size_t i = 0; i < VMAS; i += 2)
		MUST(mprotect(at + i * PAGE, PAGE, RW));
	return at;
}

static void forks(void)
{
	char *left = many_vmas(MAP_PRIVATE), *at = map_private(64 * GIB);

	MUST(madvise(left, VMAS * PAGE, MADV_DONTFORK));
	for (size_t i = 0; i < TABLES; i++)
		at[i * LEAF] = 1;
	for (size_t i = 0; i < 60; i++)
		at[i * GIB] = 1;
	MUST(madvise(at, 64 * GIB, MADV_DONTNEED));
	at[63 * GIB] = 7;
	if (fork() == 0)
		_exit(at[63 * GIB] != 7 || madvise(left, PAGE, MADV_NORMAL) == 0);
	MUST(mprotect(at, 64 * GIB, PROT_READ));
	MUST(munmap(at, 64 * GIB));
}

/* ---- forked: a leaf table of swapped pages, of every second one, and with a pinned page ---- */

static int send_end;
static char *pinned;

/* A process that shares the memory. Its buffer stays pinned until it is answered. */
static int pin_last_page(void *unused)
{
	struct ipc_transfer with = { .receive = pinned, .receive_length = PAGE };
	struct ipc_message message = { 0 };

	(void)unused;
	_exit(ipc_call_with(send_end, &message, &with, IPC_NEVER) != 0);
}

/* Its child has all the pages. */
static void fork_once(const char *at)
{
	int status, found = 0;
	pid_t pid = fork();

	MUST(pid);
	if (pid == 0) {
		for (size_t i = 0; i < LEAF; i += PAGE)
			found += at[i];
		_exit(found != LEAF / PAGE);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0, "a child");
}

static void forked(void)
{
	static char stack[4 * PAGE] __attribute__((aligned(16)));
	char *at = (char *)(((uintptr_t)map_private(2 * LEAF) + LEAF - 1) & ~(LEAF - 1));
	struct ipc_message message = { 0 };
	int receive = ipc_create(0);
	long call;

	fill(at, LEAF);
	MUST(madvise(at, LEAF, MADV_PAGEOUT));
	fork_once(at);
	for (size_t i = 0; i < LEAF; i += 2 * PAGE)
		at[i] = 1;
	fork_once(at);
	send_end = ipc_badge(receive, 0, 0);
	pinned = at + LEAF - PAGE;
	MUST(clone(pin_last_page, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	call = ipc_receive(receive, &message, IPC_NEVER);
	check(call > 0, "a call");
	fork_once(at);
	fill(at, LEAF);
	fork_once(at);
	MUST(ipc_reply(receive, call, &message));
}

/* ---- reaped: shared mappings of a process that is killed because memory has run out ---- */

static void fill_all(void)
{
	fill(map_private(GIB), GIB);
}

/* A child takes all memory and is killed for it. */
static void take_all_memory(void (*take)(void))
{
	int status;
	pid_t pid = fork();

	MUST(pid);
	if (pid == 0) {
		take();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "who took all memory");
}

static void fill_beside_vmas(void)
{
	many_vmas(MAP_SHARED);
	fill_all();
}

static void reaped(void)
{
	take_all_memory(fill_beside_vmas);
}

/* ---- tables: full tables of descriptors, which are walked when memory runs out ---- */

#define FULL_TABLES 60
#define DESCRIPTORS 2044

static _Noreturn void fill_table(int file, uint32_t *ready)
{
	for (int i = 0; i < DESCRIPTORS - 1; i++)
		MUST(dup(file));
	__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

/* The processes are left to process 1, which walks the tables again at its end. */
static void tables(void)
{
	uint32_t *ready = map_shared(PAGE);
	int file = memfd_create("in tables", 0);

	MUST(file);
	for (int i = 0; i < FULL_TABLES; i++) {
		pid_t pid = fork();

		MUST(pid);
		if (pid == 0)
			fill_table(file, ready);
	}
	while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < FULL_TABLES)
		sched_yield();
	take_all_memory(fill_all);
	_exit(0);
}

/* ---- sleepers: timers that end at once ---- */

#define SLEEPERS 150

static void sleepers(void)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 1;
	for (int i = 0; i < SLEEPERS; i++) {
		pid_t pid = fork();

		MUST(pid);
		if (pid == 0)
			_exit(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL));
	}
}

/* ---- copies: private copies of the pages of a file, which gets a hole ---- */

#define COPIES (24 * MIB)

static void copies(void)
{
	int file = memfd_create("hole", 0);
	char *at;

	MUST(ftruncate(file, COPIES));
	at = mmap(NULL, COPIES, RW, MAP_PRIVATE, file, 0);
	check(at != MAP_FAILED, "a file");
	fill(at, COPIES);
	MUST(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, COPIES));
	for (size_t i = 0; i < COPIES; i += PAGE)
		check(at[i] == 1, "a copy");
	MUST(mprotect(at, COPIES, PROT_READ));
}

/* ---- deep: a directory whose path is as long as one may be ---- */

#define DEPTH 2030
#define TOP   "/tmp/deep"

static void look_at_path(const char *path)
{
	size_t length = strlen(TOP);

	check(strlen(path) == length + 2ul * DEPTH && memcmp(path, TOP, length) == 0, "a path");
	for (size_t i = 0; i < DEPTH; i++)
		check(path[length + 2 * i] == '/' && strchr("de", path[length + 2 * i + 1]), path);
}

static void deep(void)
{
	char path[PAGE];
	pid_t mover;

	MUST(mkdir(TOP, 0755));
	MUST(chdir(TOP));
	for (int i = 0; i < DEPTH; i++) {
		MUST(mkdir("d", 0755));
		MUST(chdir("d"));
	}
	mover = fork();
	while (mover == 0)
		if (rename(TOP "/d", TOP "/e") != 0 || rename(TOP "/e", TOP "/d") != 0)
			_exit(1);
	for (int i = 0; i < 20; i++) {
		check(getcwd(path, sizeof(path)) != NULL, "getcwd");
		look_at_path(path);
		sched_yield();
	}
	kill(mover, SIGKILL);
	waitpid(mover, NULL, 0);
}

/* ---- segments: of a read and a write, as many as it may have ---- */

#define SEGMENTS 1024

static void segments(void)
{
	static uint32_t words[2][SEGMENTS];
	static struct iovec iov[2][SEGMENTS];
	const ssize_t all = sizeof(words[0]);
	int ends[2];

	for (uint32_t i = 0; i < SEGMENTS; i++) {
		words[0][i] = i;
		for (int side = 0; side < 2; side++)
			iov[side][i] = (struct iovec){ &words[side][i], sizeof(words[side][i]) };
	}
	MUST(pipe(ends));
	check(writev(ends[1], iov[0], SEGMENTS) == all, "a write of segments");
	check(readv(ends[0], iov[1], SEGMENTS) == all, "a read of segments");
	check(memcmp(words[0], words[1], sizeof(words[0])) == 0, "bytes of segments");
}

/* ---- words: threads that sleep for one futex ---- */

#define WAITERS 200

static void wait_for_word(uint32_t *word, uint32_t bits)
{
	pid_t pid = fork();

	MUST(pid);
	if (pid != 0)
		return;
	__atomic_add_fetch(&word[1], 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, 9 /* FUTEX_WAIT_BITSET */, 0, NULL, NULL, bits);
	_exit(0);
}

static long wake_word(uint32_t *word, uint32_t bits)
{
	return syscall(SYS_futex, word, 10 /* FUTEX_WAKE_BITSET */, INT32_MAX, NULL, NULL, bits);
}

static void words(void)
{
	uint32_t *word = map_shared(PAGE);

	for (uint32_t i = 1; i <= WAITERS; i++) {
		wait_for_word(word, i < WAITERS ? 1 : 2);
		while (__atomic_load_n(&word[1], __ATOMIC_SEQ_CST) < i)
			sched_yield();
	}
	/* The last one comes behind all the others. */
	while (wake_word(word, 2) != 1)
		sched_yield();
	for (long left = WAITERS - 1; left;)
		left -= wake_word(word, 1);
}

/* ---- signals: as many as may wait ---- */

static void signals(void)
{
	const union sigval value = { .sival_int = 1 };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	while (sigqueue(getpid(), SIGRTMIN, value) == 0)
		;
	check(errno == EAGAIN, "signals");
	kill(getpid(), SIGCHLD);
	signal(SIGCHLD, SIG_IGN);
	kill(getpid(), SIGTSTP);
	kill(getpid(), SIGCONT);
	sigwaitinfo(&all, NULL);
}

/* ---- timers: as many as may be, of a process with as many threads, none of which takes their signals ---- */

#define THREADS 1000
#define TIMERS	900

static pthread_t threads[THREADS];

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* They end with the process. */
static void make_threads(void *(*run)(void *))
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 4 * PAGE);
	for (unsigned i = 0; i < THREADS; i++) {
		errno = pthread_create(&threads[i], &attr, run, NULL);
		check(errno == 0, "threads");
	}
}

/* Three of four are of real time. */
static void make_timers(int *ids)
{
	struct sigevent event = { .sigev_signo = SIGRTMIN + 1 };
	int clock = (~getpid()) * 8 + 2;

	for (unsigned i = 0; i < TIMERS; i++)
		MUST(syscall(SYS_timer_create, i % 4 ? CLOCK_MONOTONIC : clock, &event, &ids[i]));
}

static void set_timers(const int *ids)
{
	static const struct itimerspec often = { { 0, 1 }, { 0, 1 } };

	for (unsigned i = 0; i < TIMERS; i++)
		MUST(syscall(SYS_timer_settime, ids[i], 0, &often, NULL));
}

static void timers(void)
{
	const struct itimerval tick = { { 0, 1 }, { 0, 1 } };
	sigset_t some;
	int ids[TIMERS];

	sigemptyset(&some);
	sigaddset(&some, SIGRTMIN + 1);
	sigaddset(&some, SIGPROF);
	sigaddset(&some, SIGALRM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	make_threads(sleep_for_ever);
	make_timers(ids);
	MUST(setitimer(ITIMER_REAL, &tick, NULL));
	MUST(setitimer(ITIMER_PROF, &tick, NULL));
	set_timers(ids);
	for (unsigned i = 0; i < 3 * TIMERS; i++)
		sigwaitinfo(&some, NULL);
	/* Now all are ignored, and then none is. */
	signal(SIGRTMIN + 1, SIG_IGN);
	signal(SIGPROF, SIG_IGN);
	signal(SIGALRM, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	set_timers(ids);
	sigprocmask(SIG_BLOCK, &some, NULL);
	sigwaitinfo(&some, NULL);
	for (unsigned i = 0; i < TIMERS / 2; i++)
		MUST(syscall(SYS_timer_delete, ids[i]));
}

/* ---- killed, leaves, execs: what ends many threads at once ---- */

/* Like fork(); the child has many threads that sleep, or are about to. */
static pid_t fork_threads(void)
{
	uint32_t *ready = map_shared(PAGE);
	pid_t pid = fork();

	MUST(pid);
	if (pid == 0) {
		make_threads(sleep_for_ever);
		for (int turns = 0; turns < 4; turns++)
			sched_yield();
		__atomic_store_n(ready, 1, __ATOMIC_SEQ_CST);
		return 0;
	}
	while (!__atomic_load_n(ready, __ATOMIC_SEQ_CST))
		sched_yield();
	return pid;
}

static void await_end(pid_t pid, int status)
{
	int got;

	check(waitpid(pid, &got, 0) == pid && got == status, "the end of many threads");
}

static void killed(void)
{
	pid_t pid = fork_threads();

	if (pid == 0)
		sleep_for_ever(NULL);
	MUST(kill(pid, SIGTERM));
	await_end(pid, SIGTERM);
}

static void leaves(void)
{
	pid_t pid = fork_threads();

	if (pid == 0)
		_exit(7);
	await_end(pid, 7 << 8);
}

/* Without arguments this program does nothing. */
static void execs(void)
{
	pid_t pid = fork_threads();

	if (pid == 0) {
		execl("/proc/self/exe", "holds", NULL);
		_exit(1);
	}
	await_end(pid, 0);
}

/* ---- chains: many threads of which each has a lock and waits for that of the one before ---- */

static long change_lock(uint32_t *word, int op)
{
	return syscall(SYS_futex, word, op, 0, NULL, NULL, 0);
}

static uint32_t *chain; /* the locks, and behind them how many threads have come */

static void *wait_for_one_before(void *unused)
{
	uint32_t *come = chain + THREADS + 1, n = __atomic_load_n(come, __ATOMIC_SEQ_CST);

	chain[n] = (uint32_t)gettid();
	__atomic_store_n(come, n + 1, __ATOMIC_SEQ_CST);
	check(change_lock(chain + n - 1, FUTEX_LOCK_PI) == 0, "a lock");
	check(change_lock(chain + n - 1, FUTEX_UNLOCK_PI) == 0, "an unlock");
	check(change_lock(chain + n, FUTEX_UNLOCK_PI) == 0, "an unlock");
	return unused;
}

/* The first lock is this thread's until all have come. So the whole chain is followed for each thread that comes. */
static void chains(void)
{
	pthread_attr_t attr;

	chain = map_shared((THREADS + 2) * sizeof(*chain));
	chain[0] = (uint32_t)getpid();
	chain[THREADS + 1] = 1;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 4 * PAGE);
	for (uint32_t i = 0; i < THREADS; i++) {
		errno = pthread_create(&threads[i], &attr, wait_for_one_before, NULL);
		check(errno == 0, "threads");
		while (__atomic_load_n(chain + THREADS + 1, __ATOMIC_SEQ_CST) != i + 2)
			sched_yield();
	}
	sched_yield();
	check(change_lock(chain + THREADS, FUTEX_LOCK_PI) == -1 && errno == EDEADLK, "a ring");
	check(change_lock(chain, FUTEX_UNLOCK_PI) == 0, "an unlock");
	for (unsigned i = 0; i < THREADS; i++)
		check(pthread_join(threads[i], NULL) == 0, "threads");
}

/* ---- stops: many threads stop and go on, which block all signals and have stop signals pending ---- */

/* `to`: the process, or its group. */
static void stop_and_continue(pid_t pid, pid_t to)
{
	int status;

	MUST(kill(to, SIGSTOP));
	check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "a stop");
	MUST(kill(to, SIGCONT));
	check(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status), "a continuation");
}

static void signal_each(pid_t pid, int sig)
{
	for (int tid = pid + 1; tid <= pid + THREADS; tid++)
		MUST(syscall(SYS_tgkill, pid, tid, sig));
}

static void stops(void)
{
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	pid = fork_threads();
	if (pid == 0)
		sleep_for_ever(NULL);
	MUST(setpgid(pid, pid));
	stop_and_continue(pid, -pid);
	signal_each(pid, SIGTSTP);
	signal_each(pid, SIGTTIN);
	stop_and_continue(pid, -pid);
	signal_each(pid, SIGTSTP);
	stop_and_continue(pid, pid);
	MUST(kill(pid, SIGUSR1));
	MUST(kill(pid, SIGKILL));
	await_end(pid, SIGKILL);
}

/* ---- parents: many threads that wait for one child, all woken when it stops, and when it ends ---- */

static void *wait_for_stops(void *unused)
{
	while (waitpid(-1, NULL, WSTOPPED) > 0)
		;
	return unused;
}

static void parents(void)
{
	pid_t pid = fork();

	MUST(pid);
	if (pid == 0)
		sleep_for_ever(NULL);
	make_threads(wait_for_stops);
	for (int turns = 0; turns < 4; turns++)
		sched_yield();
	MUST(kill(pid, SIGSTOP));
	MUST(kill(pid, SIGKILL));
	wait_for_stops(NULL);
}

/* ---- looks: what is asked of a process with many threads ---- */

static void looks(void)
{
	struct rusage usage;
	struct timespec now;
	char text[512];
	int file;

	make_threads(sleep_for_ever);
	MUST(getrusage(RUSAGE_SELF, &usage));
	MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now));
	MUST(setpriority(PRIO_PGRP, 0, 1));
	MUST(getpriority(PRIO_PGRP, 0));
	MUST(file = open("/proc/self/stat", O_RDONLY));
	MUST(read(file, text, sizeof(text)));
	MUST(file = open("/proc/self/io", O_RDONLY));
	MUST(read(file, text, sizeof(text)));
	MUST(file = open("/proc/stat", O_RDONLY));
	MUST(read(file, text, sizeof(text)));
}

/* ---- out: pages that go to swap, while the disk has as many requests as it takes ---- */

static void out(void)
{
	char *at = map_private(24 * MIB);

	fill(at, 24 * MIB);
	MUST(madvise(at, 24 * MIB, MADV_COLD));
	MUST(madvise(at, 24 * MIB, MADV_PAGEOUT));
	fill(at, 24 * MIB);
}

/* ---- full: swap of which a slot in a thousand is free ---- */

#define SWAPPED (60 * MIB)
#define FREED	(1024 * PAGE)
#define ASIDE	(1000 * PAGE) /* not the first slot that a search comes to */

static void full(void)
{
	char *first = map_private(SWAPPED), *then = map_private(400 * PAGE);

	fill(first, SWAPPED);
	MUST(madvise(first, SWAPPED, MADV_PAGEOUT));
	for (size_t i = ASIDE; i < SWAPPED; i += FREED)
		MUST(madvise(first + i, PAGE, MADV_DONTNEED));
	fill(then, 400 * PAGE);
	MUST(madvise(then, 400 * PAGE, MADV_PAGEOUT));
}

/* ---- pollers: processes that wait for two ports of a device, whose interrupt wakes them all ---- */

#define POLLERS 150

/* What it waits for does not come. It waits on all queues of its device, and is woken by each write. */
static void poll_for_ever(uint32_t *ready)
{
	struct pollfd to_see = { .fd = getpid() % 2 ? STDOUT_FILENO : STDERR_FILENO };

	__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		poll(&to_see, 1, -1);
}

/* Waits for ever by a set of epoll, or by a set of sets. Two processes share them, and each waits for one. */
static void watch_for_ever(uint32_t *ready)
{
	struct epoll_event event = { .events = 0 };
	int set = epoll_create1(0), outer = epoll_create1(0);

	MUST(epoll_ctl(set, EPOLL_CTL_ADD, getpid() % 2 ? STDOUT_FILENO : STDERR_FILENO, &event));
	event.events = EPOLLIN;
	MUST(epoll_ctl(outer, EPOLL_CTL_ADD, set, &event));
	if (fork() == 0) {
		set = outer;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		(void)epoll_wait(set, &event, 1, -1);
}

static void wait_for_device(int n, uint32_t all, void (*wait_for_ever)(uint32_t *))
{
	uint32_t *ready = map_shared(PAGE);
	pid_t pids[POLLERS];

	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		MUST(pids[i]);
		if (pids[i] == 0)
			wait_for_ever(ready);
	}
	while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < all)
		sched_yield();
	for (int i = 0; i < 20; i++) {
		for (int turns = 0; turns < 4; turns++)
			sched_yield();
		check(write(STDERR_FILENO, "#\n", 2) == 2, "a write");
	}
	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

static void pollers(void)
{
	wait_for_device(POLLERS, POLLERS, poll_for_ever);
}

static void watchers(void)
{
	wait_for_device(POLLERS / 2, POLLERS, watch_for_ever);
}

/* ---- expiries: timers that expire at one time, each in sets for which processes wait ---- */

#define EXPIRING    40
#define SETS_OF_ONE 3

static void wait_for_expiry(int timer, uint32_t *ready)
{
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(0);
	pid_t pid;

	MUST(epoll_ctl(set, EPOLL_CTL_ADD, timer, &event));
	pid = fork();
	MUST(pid);
	if (pid == 0) {
		__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
		_exit(epoll_wait(set, &event, 1, -1) != 1);
	}
	close(set);
}

static void expiries(void)
{
	uint32_t *ready = map_shared(PAGE);
	struct itimerspec end = { 0 };
	int timers_of[EXPIRING];

	for (int i = 0; i < EXPIRING; i++) {
		MUST(timers_of[i] = timerfd_create(CLOCK_MONOTONIC, 0));
		for (int k = 0; k < SETS_OF_ONE; k++)
			wait_for_expiry(timers_of[i], ready);
	}
	while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < EXPIRING * SETS_OF_ONE)
		sched_yield();
	clock_gettime(CLOCK_MONOTONIC, &end.it_value);
	end.it_value.tv_sec += 1;
	for (int i = 0; i < EXPIRING; i++)
		MUST(timerfd_settime(timers_of[i], TFD_TIMER_ABSTIME, &end, NULL));
}

/* ---- ancestors: a long line of processes, above whom a subreaper is looked for ---- */

#define ANCESTORS 3500

/* Each is the parent of the next one, and ends when that has ended, without having waited for it. */
static void descend(void)
{
	volatile unsigned left = ANCESTORS; /* shared by all, as vfork has it */
	pid_t pid;

	do
		pid = vfork();
	while (pid == 0 && left-- > 0);
	_exit(pid < 0);
}

static void ancestors(void)
{
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	if (fork() == 0)
		descend();
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "sparse", sparse },	    { "servers", servers },   { "forks", forks },
	{ "reaped", reaped },	    { "sleepers", sleepers }, { "copies", copies },
	{ "deep", deep },	    { "segments", segments }, { "words", words },
	{ "signals", signals },	    { "out", out },	      { "full", full },
	{ "pollers", pollers },	    { "tables", tables },     { "watchers", watchers },
	{ "ancestors", ancestors }, { "timers", timers },     { "killed", killed },
	{ "leaves", leaves },	    { "execs", execs },	      { "stops", stops },
	{ "parents", parents },	    { "looks", looks },	      { "expiries", expiries },
	{ "forked", forked },	    { "chains", chains },
};

static bool run_case(const char *name)
{
	int status = 1;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(name, cases[i].name) != 0)
			continue;
		if (fork() == 0) {
			cases[i].run();
			reap_all();
			_exit(0);
		}
		wait(&status);
	}
	say("%s: %s\n", name, status == 0 ? "done" : "failed");
	return status == 0;
}

int main(int argc, char **argv)
{
	bool done = true;

	alarm(3600); /* which pass at once, by the clock of instructions, where a case waits for ever */
	for (int i = 1; i < argc; i++)
		done &= run_case(argv[i]);
	return !done;
}
