/* SPDX-License-Identifier: MIT */
/* R150 R151. Mutexes of each kind: whom they let in, what they refuse, and what becomes of them when their owner ends. */
#include "thread.h"

#define RIVALS 4
#define ROUNDS 400

struct counted {
	pthread_mutex_t mutex;
	volatile int turns;
};

static void make(pthread_mutex_t *mutex, int type, int robust, int shared)
{
	pthread_mutexattr_t attr;

	MUST(pthread_mutexattr_init(&attr));
	MUST(pthread_mutexattr_settype(&attr, type));
	MUST(pthread_mutexattr_setrobust(&attr, robust));
	MUST(pthread_mutexattr_setpshared(&attr, shared));
	MUST(pthread_mutex_init(mutex, &attr));
	MUST(pthread_mutexattr_destroy(&attr));
}

/* ---- exclusion ---- */

static void *take_turns(void *arg)
{
	struct counted *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		int turn;

		pthread_mutex_lock(&c->mutex);
		turn = c->turns;
		if (i % 16 == 0)
			sched_yield();
		c->turns = turn + 1;
		pthread_mutex_unlock(&c->mutex);
	}
	return NULL;
}

/* One thread at a time has a mutex, of whatever kind. */
static void exclusion(const char *what, int type, int robust, int shared)
{
	struct counted c = { .turns = 0 };
	pthread_t threads[RIVALS];

	make(&c.mutex, type, robust, shared);
	for (int i = 0; i < RIVALS; i++)
		threads[i] = start(take_turns, &c);
	join_all(threads, RIVALS);
	say("%s: %d turns\n", what, c.turns);
	ASK(pthread_mutex_destroy(&c.mutex));
}

/* A mutex of any kind has one owner at a time. */
static void exclusions(void)
{
	exclusion("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	exclusion("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED,
		  PTHREAD_PROCESS_PRIVATE);
	exclusion("errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED,
		  PTHREAD_PROCESS_PRIVATE);
	exclusion("adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_MUTEX_STALLED,
		  PTHREAD_PROCESS_PRIVATE);
	exclusion("robust", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
	exclusion("shared", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_SHARED);
	exclusion("robust and shared", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST,
		  PTHREAD_PROCESS_SHARED);
}

/* ---- what they refuse ---- */

static void *try_it(void *mutex)
{
	ASK(pthread_mutex_trylock(mutex));
	return NULL;
}

static void *try_and_release(void *mutex)
{
	if (ASK(pthread_mutex_trylock(mutex)) == 0)
		pthread_mutex_unlock(mutex);
	return NULL;
}

static void *release(void *mutex)
{
	ASK(pthread_mutex_unlock(mutex));
	return NULL;
}

/* A normal mutex is EBUSY for its owner, too; a recursive one counts its owner's locks; errorcheck says EDEADLK and EPERM. */
static void refusals(void)
{
	pthread_mutex_t m;

	make(&m, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_trylock(&m));
	join(start(try_it, &m));
	ASK(pthread_mutex_destroy(&m));
	ASK(pthread_mutex_unlock(&m));
	ASK(pthread_mutex_destroy(&m));

	make(&m, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_trylock(&m));
	join(start(release, &m));
	for (int i = 0; i < 3; i++) {
		join(start(try_it, &m));
		ASK(pthread_mutex_unlock(&m));
	}
	join(start(try_and_release, &m));
	ASK(pthread_mutex_unlock(&m));

	make(&m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	ASK(pthread_mutex_unlock(&m));
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_trylock(&m));
	join(start(release, &m));
	ASK(pthread_mutex_unlock(&m));
	ASK(pthread_mutex_unlock(&m));
}

/* ---- time ---- */

static void not_before(clockid_t clock, const struct timespec *time)
{
	struct timespec now;

	clock_gettime(clock, &now);
	say("not before its time: %d\n",
	    now.tv_sec > time->tv_sec ||
		    (now.tv_sec == time->tv_sec && now.tv_nsec >= time->tv_nsec));
}

/* A wait ends at its time by the clock; a time that cannot be is EINVAL, and so is the clock of CPU time. */
static void *wait_a_little(void *mutex)
{
	struct timespec soon = later(CLOCK_REALTIME, 3 * MS), bad = { 0, -1 }, past = { 1, 0 };

	ASK(pthread_mutex_timedlock(mutex, &bad));
	ASK(pthread_mutex_timedlock(mutex, &past));
	ASK(pthread_mutex_timedlock(mutex, &soon));
	not_before(CLOCK_REALTIME, &soon);
	soon = later(CLOCK_MONOTONIC, 3 * MS);
	ASK(pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &soon));
	not_before(CLOCK_MONOTONIC, &soon);
	ASK(pthread_mutex_clocklock(mutex, CLOCK_PROCESS_CPUTIME_ID, &soon));
	return NULL;
}

/* Who waits for a mutex has it when its owner lets it go. */
static void *wait_long(void *mutex)
{
	struct timespec never = later(CLOCK_REALTIME, 0);

	never.tv_sec += NEVER_SECONDS;
	ASK(pthread_mutex_timedlock(mutex, &never));
	ASK(pthread_mutex_unlock(mutex));
	return NULL;
}

/* A wrong time is EINVAL, and so is a clock other than the real and the monotonic one; a time that is past is ETIMEDOUT. */
static void times(void)
{
	pthread_mutex_t m;
	pthread_t waiter;

	for (int robust = 0; robust < 2; robust++) {
		make(&m, PTHREAD_MUTEX_NORMAL,
		     robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED,
		     PTHREAD_PROCESS_PRIVATE);
		MUST(pthread_mutex_lock(&m));
		join(start(wait_a_little, &m));
		waiter = start(wait_long, &m);
		until_others_wait(1);
		MUST(pthread_mutex_unlock(&m));
		join(waiter);
	}
}

/* ---- owners that end ---- */

static void *lock_and_return(void *mutex)
{
	MUST(pthread_mutex_lock(mutex));
	return NULL;
}

static void *lock_and_exit(void *mutex)
{
	MUST(pthread_mutex_lock(mutex));
	pthread_exit(NULL);
}

static void *lock_and_be_cancelled(void *mutex)
{
	MUST(pthread_mutex_lock(mutex));
	pthread_cancel(pthread_self());
	for (;;)
		pthread_testcancel();
	return NULL;
}

static int is_locked;

/* Ends when the first thread waits for it. */
static void *lock_and_wait(void *mutex)
{
	MUST(pthread_mutex_lock(mutex));
	raise_flag(&is_locked);
	until_others_wait(1);
	return NULL;
}

/* The next owner of a robust mutex gets EOWNERDEAD; if he does not make it consistent, later ones get ENOTRECOVERABLE. */
static void owners(void)
{
	static void *(*const ways[])(void *) = { lock_and_return, lock_and_exit,
						 lock_and_be_cancelled };
	pthread_mutex_t m, many[5];
	pthread_t owner;
	int dead = 0;

	make(&m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		join(start(ways[i], &m));
		if (i == 1)
			ASK(pthread_mutex_trylock(&m));
		else
			ASK(pthread_mutex_lock(&m));
		ASK(pthread_mutex_lock(&m));
		ASK(pthread_mutex_consistent(&m));
		ASK(pthread_mutex_consistent(&m));
		ASK(pthread_mutex_unlock(&m));
	}
	say("while others wait\n");
	owner = start(lock_and_wait, &m);
	until_flag(&is_locked, 1);
	say("%s\n", strerrorname_np(pthread_mutex_lock(&m)));
	join(owner);
	say("not made consistent\n");
	ASK(pthread_mutex_unlock(&m));
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_trylock(&m));
	join(start(try_it, &m));
	ASK(pthread_mutex_destroy(&m));
	for (int i = 0; i < 5; i++)
		make(&many[i], PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ROBUST,
		     PTHREAD_PROCESS_PRIVATE);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5; i++) {
			join(start(lock_and_return, &many[i]));
			dead += pthread_mutex_lock(&many[i]) == EOWNERDEAD;
			pthread_mutex_consistent(&many[i]);
			pthread_mutex_unlock(&many[i]);
		}
	}
	say("%d of 10 owners died\n", dead);
}

/* ---- several processes with several threads ---- */

static struct counted *common;

static void *take_common_turns(void *unused)
{
	return take_turns(common) ? unused : NULL;
}

static int run_pair(void *unused)
{
	pthread_t threads[2];

	(void)unused;
	start_all(threads, 2, take_common_turns);
	return (int)join_all(threads, 2);
}

static void *own_common(void *locked)
{
	MUST(pthread_mutex_lock(&common->mutex));
	raise_flag(locked);
	return NULL;
}

/* A mutex in shared memory works between the threads of several processes. */
static void processes(void)
{
	pthread_t threads[2];
	int status, *locked;
	pid_t pid;

	common = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	locked = (int *)(common + 1);
	make(&common->mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED);
	pid = fork();
	if (pid == 0)
		_exit(run_pair(NULL));
	start_all(threads, 2, take_common_turns);
	join_all(threads, 2);
	waitpid(pid, &status, 0);
	ended("the other", status);
	say("%d turns\n", common->turns);
	/* The end of a thread is enough: its process may go on. */
	pid = fork();
	if (pid == 0) {
		pthread_t thread = start(own_common, locked);

		join(thread);
		wait_for_ever();
	}
	until_flag(locked, 1);
	ASK(pthread_mutex_lock(&common->mutex));
	TRY(kill(pid, SIGKILL));
	waitpid(pid, &status, 0);
	ASK(pthread_mutex_consistent(&common->mutex));
	ASK(pthread_mutex_unlock(&common->mutex));
	/* The end of a process counts as the end of each of its threads. */
	pid = fork();
	if (pid == 0) {
		start(own_common, locked);
		until_flag(locked, 2);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ASK(pthread_mutex_lock(&common->mutex));
}

int main(void)
{
	exclusions();
	refusals();
	times();
	owners();
	processes();
	return 0;
}
