/* SPDX-License-Identifier: MIT */
/* R150. The times of a thread and of its process: each goes forwards, and the process has what its threads had. */
#include "thread.h"

#include <sys/times.h>

#define THREADS 3

static int ready, stop;
static clockid_t clocks[THREADS];

static int64_t ns(struct timespec t)
{
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t = { -1, 0 };

	clock_gettime(clock, &t);
	return ns(t);
}

static int64_t usage_ns(int who)
{
	struct rusage u;

	MUST(getrusage(who, &u));
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000ll +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000ll;
}

/* Runs until it has had that time. */
static void use_time(int64_t want)
{
	int64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin < want)
		continue;
}

static int64_t us(struct timeval t)
{
	return t.tv_sec * 1000000ll + t.tv_usec;
}

/* Whether one of the two times is less than at the last look, which *last has. */
static bool usage_goes_back(int who, struct rusage *last)
{
	struct rusage before = *last;

	MUST(getrusage(who, last));
	return us(last->ru_utime) < us(before.ru_utime) || us(last->ru_stime) < us(before.ru_stime);
}

static void *go_forwards(void *unused)
{
	struct rusage own = { 0 }, of_all = { 0 };
	int64_t last = 0, process = 0;
	long back = 0;

	(void)unused;
	for (int i = 0; i < 3000; i++) {
		int64_t now = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		int64_t all = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

		back += now < last || all < process || all < now;
		back += usage_goes_back(RUSAGE_THREAD, &own) +
			usage_goes_back(RUSAGE_SELF, &of_all);
		last = now;
		process = all;
		if (i % 100 == 0)
			sched_yield();
	}
	return (void *)back;
}

static void forwards(void)
{
	pthread_t threads[THREADS];

	start_all(threads, THREADS, go_forwards);
	say("%ld steps back\n", join_all(threads, THREADS));
}

static void *use_and_wait(void *arg)
{
	MUST(pthread_getcpuclockid(pthread_self(), &clocks[(long)arg]));
	use_time((long)arg * 4 * MS);
	raise_flag(&ready);
	until_flag(&stop, 1);
	return NULL;
}

/* Again if it takes long: on a busy computer the machine may stand still while the thread runs. */
static void *sleep_only(void *unused)
{
	int64_t begin;

	(void)unused;
	do {
		begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		nap(20);
	} while (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin >= 10 * MS);
	return (void *)1;
}

/* What a thread has used is its process's, when it is gone, too. */
static void sums(void)
{
	pthread_t threads[THREADS];
	int64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	int64_t mine = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	clockid_t clock;

	start_all(threads, THREADS, use_and_wait);
	until_flag(&ready, THREADS);
	for (int i = 1; i < THREADS; i++)
		say("thread %d had its time: %d\n", i, clock_ns(clocks[i]) >= i * 4 * MS);
	ASK(pthread_getcpuclockid(threads[2], &clock));
	say("the same clock: %d\n", clock == clocks[2]);
	raise_flag(&stop);
	join_all(threads, THREADS);
	say("the process had all: %d\n", clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before >= 12 * MS);
	say("not this thread: %d\n", clock_ns(CLOCK_THREAD_CPUTIME_ID) - mine <
					     clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before - 11 * MS);
	while (clock_gettime(clocks[2], &(struct timespec){ 0 }) == 0)
		nap(1); /* a thread that has been joined may be about to go */
	TRY(clock_gettime(clocks[2], &(struct timespec){ 0 }));
	say("to sleep is no use: %ld\n", (long)join(start(sleep_only, NULL)));
}

static void *use_usage(void *unused)
{
	use_time(30 * MS);
	say("its own usage: %d\n", usage_ns(RUSAGE_THREAD) > 0);
	return unused;
}

static void usages(void)
{
	int64_t self = usage_ns(RUSAGE_SELF), thread = usage_ns(RUSAGE_THREAD);

	join(start(use_usage, NULL));
	thread = usage_ns(RUSAGE_THREAD) - thread;
	self = usage_ns(RUSAGE_SELF) - self;
	say("the process's: %d, not this thread's: %d\n", self >= 10 * MS,
	    self - thread >= 20 * MS);
	TRY(getrusage(7, &(struct rusage){ 0 }));
}

/* The usage of a child has that of all its threads. */
static int use_in_threads(void *unused)
{
	pthread_t threads[2];

	(void)unused;
	for (int i = 0; i < 2; i++)
		threads[i] = start(use_usage, NULL);
	join_all(threads, 2);
	return 0;
}

static void of_children(void)
{
	struct rusage u;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(use_in_threads(NULL));
	TRY(wait4(pid, &status, 0, &u) == pid);
	ended("child", status);
	say("its usage: %d\n", (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000l +
					       u.ru_utime.tv_usec + u.ru_stime.tv_usec >=
				       40000);
	say("of children: %d\n", usage_ns(RUSAGE_CHILDREN) >= 40 * MS);
}

/* A thread's faults are its own, and its process's. */
static void *touch(void *unused)
{
	struct rusage before, after;
	char *p = anon(50 * PAGE);

	getrusage(RUSAGE_THREAD, &before);
	for (int i = 0; i < 50; i++)
		p[i * PAGE] = 1;
	getrusage(RUSAGE_THREAD, &after);
	say("faults of the thread: %d\n", after.ru_minflt - before.ru_minflt >= 1);
	return unused;
}

static void faults(void)
{
	struct rusage before, after, own_before, own_after;

	getrusage(RUSAGE_THREAD, &own_before);
	getrusage(RUSAGE_SELF, &before);
	join(start(touch, NULL));
	getrusage(RUSAGE_SELF, &after);
	getrusage(RUSAGE_THREAD, &own_after);
	say("of the process: %d\n",
	    after.ru_minflt - before.ru_minflt > own_after.ru_minflt - own_before.ru_minflt);
}

int main(void)
{
	forwards();
	sums();
	usages();
	of_children();
	faults();
	return 0;
}
