/* SPDX-License-Identifier: MIT */
/* What the tests of threads share: start and join, ask a call that returns its errno, wait for a moment. */
#ifndef TESTS_USER_THREAD_H
#define TESTS_USER_THREAD_H

#include "t.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>

#define MS 1000000l

/* The time at which a wait for what sooner or later happens gives up: never in a test that passes. */
#define NEVER_SECONDS 1000

/* As result_of(), for a call that returns 0 or the number of its error. */
__attribute__((unused)) static int answer_of(const char *call, int err)
{
	say("%.*s: %s\n", (int)strcspn(call, "("), call, err ? strerrorname_np(err) : "0");
	return err;
}
#define ASK(call) (line_of(__LINE__), answer_of(#call, (call)))

/* For what has to succeed and is not what the test is about. */
__attribute__((unused)) static void must_be(const char *what, long value, long expected)
{
	if (value != expected) {
		say("%s: %ld, not %ld\n", what, value, expected);
		_exit(95);
	}
}
#define MUST(call) must_be(#call, (long)(call), 0)

__attribute__((unused)) static pthread_t start(void *(*f)(void *), void *arg)
{
	pthread_t thread;

	MUST(pthread_create(&thread, NULL, f, arg));
	return thread;
}

__attribute__((unused)) static void *join(pthread_t thread)
{
	void *value = NULL;

	MUST(pthread_join(thread, &value));
	return value;
}

/* n threads of one function, whose argument is their number. */
__attribute__((unused)) static void start_all(pthread_t *threads, long n, void *(*f)(void *))
{
	for (long i = 0; i < n; i++)
		threads[i] = start(f, (void *)i);
}

/* The sum of what they return. */
__attribute__((unused)) static long join_all(const pthread_t *threads, long n)
{
	long sum = 0;

	for (long i = 0; i < n; i++)
		sum += (long)join(threads[i]);
	return sum;
}

/* How many threads this process has, as /proc says. */
__attribute__((unused)) static int count_threads(void)
{
	return (int)number_in_status(getpid(), "Threads");
}

__attribute__((unused)) static struct timespec later(clockid_t clock, long ns)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ns;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Flags by which threads wait for each other without the calls that are tested. */
__attribute__((unused)) static void raise_flag(int *flag)
{
	__atomic_fetch_add(flag, 1, __ATOMIC_SEQ_CST);
}

__attribute__((unused)) static int flag_now(const int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

__attribute__((unused)) static void until_flag(const int *flag, int n)
{
	/* Whoever has a real-time priority, or is lent one, gives way to those of a lower one only while it sleeps. */
	for (int i = 0; flag_now(flag) < n; i++) {
		if (i < 100)
			sched_yield();
		else
			nap(1);
	}
}

/* How many other threads of this process wait. */
__attribute__((unused)) static int count_waiting(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	char path[300];
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		if (atoi(entry->d_name) == gettid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
		n += letter_in(path) == 'S';
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Returns when n other threads of this process wait, or more. */
__attribute__((unused)) static void until_others_wait(int n)
{
	for (int i = 0; i < LOOKS; i++) {
		if (count_waiting() >= n)
			return;
		nap(1);
	}
	say("%d threads do not wait\n", n);
}

/* Waits that only an end of the process, exec, a signal or a cancellation ends. */
__attribute__((unused)) static void wait_for_ever(void)
{
	for (;;)
		pause();
}

#endif
