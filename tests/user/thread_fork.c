/* SPDX-License-Identifier: MIT */
/* R150. fork, vfork and spawn by a thread that is not the first: the child has one thread, and the memory of all. */
#include "thread.h"

#include <spawn.h>

#define THREADS 4

static const char *program;
static int go;
static pid_t first_tid;
static __thread int own = 1;

static void *wait_for_go(void *unused)
{
	until_flag(&go, 1);
	return unused;
}

/* ---- fork ---- */

/* A child of fork has one thread, with the thread-local memory of the one that called fork. */
static int look_around(void *unused)
{
	say("child: threads %d, the first one %d, its parent %d, own %d\n", count_threads(),
	    gettid() == getpid(), getppid() == first_tid, own);
	return unused != NULL;
}

/* In the child the one that forked is the first, and may start others. */
static int start_others(void *unused)
{
	pthread_t threads[THREADS];

	(void)unused;
	go = 0;
	start_all(threads, THREADS, wait_for_go);
	say("grandchild's threads: %d\n", count_threads());
	raise_flag(&go);
	return 10 + (int)join_all(threads, THREADS);
}

/* The process ends with its last thread, by pthread_exit with status 0. */
static int exit_by_pthread_exit(void *unused)
{
	(void)unused;
	pthread_exit((void *)5);
}

static void *fork_here(void *unused)
{
	own = 77;
	in_child("a child", look_around, NULL);
	in_child("a child with threads", start_others, NULL);
	in_child("a child by pthread_exit", exit_by_pthread_exit, NULL);
	return unused;
}

static int asked, answered;

static void *answer(void *unused)
{
	until_flag(&asked, 1);
	raise_flag(&answered);
	return unused;
}

/* vfork has the thread that calls it wait for the child's end, and only that one. */
static void *vfork_here(void *unused)
{
	pthread_t other = start(answer, NULL);
	volatile int left = 0, other_ran = 0;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		raise_flag(&asked);
		for (int i = 0; i < LOOKS && !flag_now(&answered); i++)
			nap(1);
		other_ran = flag_now(&answered);
		left = 1;
		_exit(21);
	}
	say("back after the child: %d, another thread ran: %d\n", left, other_ran);
	TRY(waitpid(pid, &status, 0) == pid);
	ended("vfork", status);
	join(other);
	return unused;
}

/* posix_spawn returns the error of the exec in the child. */
static void *spawn_here(void *unused)
{
	char *const words[] = { "thread_fork", "quiet", NULL };
	char *const environment[] = { NULL };
	int status;
	pid_t pid;

	ASK(posix_spawn(&pid, program, NULL, NULL, words, environment));
	TRY(waitpid(pid, &status, 0) == pid);
	ended("spawn", status);
	ASK(posix_spawn(&pid, "/no/such/program", NULL, NULL, words, environment));
	return unused;
}

static void forks(void)
{
	pthread_t threads[THREADS];

	first_tid = gettid();
	start_all(threads, THREADS, wait_for_go);
	join(start(fork_here, NULL));
	join(start(vfork_here, NULL));
	join(start(spawn_here, NULL));
	raise_flag(&go);
	for (int i = 0; i < THREADS; i++)
		join(threads[i]);
}

/* ---- pthread_atfork ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long protected[2];
static int stop;

static void prepare(void)
{
	pthread_mutex_lock(&mutex);
}

static void done(void)
{
	pthread_mutex_unlock(&mutex);
}

/* Shared with the child, whose line comes second. */
static int *parent_said;

static void in_parent(void)
{
	say("in the parent\n");
	raise_flag(parent_said);
}

static void in_the_child(void)
{
	until_flag(parent_said, 1);
	say("in the child\n");
}

static void before(void)
{
	say("before\n");
}

static void *change(void *unused)
{
	while (!flag_now(&stop)) {
		pthread_mutex_lock(&mutex);
		protected[0]++;
		sched_yield();
		protected[1]++;
		pthread_mutex_unlock(&mutex);
		sched_yield();
	}
	return unused;
}

static int see_whole(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	return protected[0] == protected[1] ? 0 : 1;
}

static void *fork_whole(void *unused)
{
	long bad = 0;

	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();
		int status = -1;

		if (pid == 0)
			_exit(see_whole(NULL));
		waitpid(pid, &status, 0);
		bad += status != 0;
	}
	return unused ? unused : (void *)bad;
}

static void *fork_whole_often(void *unused)
{
	(void)unused;
	return fork_whole(NULL);
}

/* Handlers of pthread_atfork run before a fork, and after it on both sides: so a lock is held while memory is copied. */
static void atforks(void)
{
	pthread_t changer, threads[3];

	MUST(pthread_atfork(prepare, done, done));
	changer = start(change, NULL);
	start_all(threads, 3, fork_whole_often);
	say("%ld of 30 saw a change half done\n", join_all(threads, 3));
	raise_flag(&stop);
	join(changer);
	parent_said = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(pthread_atfork(before, in_parent, in_the_child));
	in_child("handlers", see_whole, NULL);
}

/* ---- memory ---- */

#define PAGES 32

static volatile char *memory;
static int writing;

/* Each writes its own page again and again, while it is made copy-on-write and copied. */
static void *write_page(void *arg)
{
	volatile long *at = (volatile long *)(memory + (long)arg * PAGE);
	long n = 0;

	raise_flag(&writing);
	while (!flag_now(&stop)) {
		n++;
		at[0] = n;
		at[PAGE / 2 / sizeof(long)] = n;
		if (n % 64 == 0)
			sched_yield();
		if (at[0] != n)
			return (void *)1;
	}
	return NULL;
}

static int writes_do_not_show(void *unused)
{
	long before_it[THREADS], bad = 0;

	(void)unused;
	for (long i = 0; i < THREADS; i++)
		before_it[i] = *(volatile long *)(memory + i * PAGE);
	nap(1); /* the others write meanwhile */
	for (long i = 0; i < THREADS; i++) {
		volatile long *at = (volatile long *)(memory + i * PAGE);

		bad += at[0] != before_it[i];
		bad += at[0] - at[PAGE / 2 / sizeof(long)] < 0 ||
		       at[0] - at[PAGE / 2 / sizeof(long)] > 1;
		at[0] = -1;
	}
	return (int)bad;
}

/* After a fork neither side sees what the other writes, be it meanwhile. */
static void memories(void)
{
	pthread_t threads[THREADS];
	int status, bad = 0;

	stop = 0;
	memory = anon(PAGES * PAGE);
	start_all(threads, THREADS, write_page);
	until_flag(&writing, THREADS);
	for (int i = 0; i < 12; i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			_exit(writes_do_not_show(NULL));
		waitpid(pid, &status, 0);
		bad += status != 0;
	}
	raise_flag(&stop);
	say("%ld writers and %d children saw what is not theirs\n", join_all(threads, THREADS),
	    bad);
}

/* ---- the order of writes ---- */

#define FAR   24 /* pages that are far from each other: each has a page table of its own */
#define APART (2 * MIB)

static volatile long *place(long i)
{
	return (volatile long *)(memory + (size_t)i * APART);
}

/* Writes its number to all places, upwards or downwards, then the next number. */
static void *write_in_order(void *down)
{
	raise_flag(&writing);
	for (long n = 1; !flag_now(&stop); n++)
		for (long i = 0; i < FAR; i++)
			*place(down ? 2 * FAR - 1 - i : i) = n;
	return NULL;
}

/*
 * A child sees a thread's writes up to some moment and none that came later, however long the copying
 * takes: C libraries rely on it. So of two places the one that is written first is never behind.
 */
static int see_order(void *unused)
{
	int bad = 0;

	(void)unused;
	for (long i = 1; i < FAR; i++) {
		long before = *place(i - 1), after = *place(i);

		bad += before < after || before > after + 1;
		before = *place(2 * FAR - i);
		after = *place(2 * FAR - i - 1);
		bad += before < after || before > after + 1;
	}
	return bad ? 1 : 0;
}

static void orders(void)
{
	pthread_t threads[2];
	int status, bad = 0;

	stop = writing = 0;
	memory = anon(2 * FAR * APART);
	threads[0] = start(write_in_order, NULL);
	threads[1] = start(write_in_order, "down");
	until_flag(&writing, 2);
	for (int i = 0; i < 60; i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			_exit(see_order(NULL));
		waitpid(pid, &status, 0);
		bad += status != 0;
	}
	raise_flag(&stop);
	say("%ld and %d children saw writes in another order\n", join_all(threads, 2), bad);
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1)
		return 33;
	forks();
	atforks();
	memories();
	orders();
	return 0;
}
