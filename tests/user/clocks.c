/* SPDX-License-Identifier: MIT */
/* clock_gettime, nanosleep and clock_nanosleep: time goes forward, sleeps last as long as asked,
 * errors are told. */
#include "t.h"

static long ms_between(const struct timespec *a, const struct timespec *b)
{
	return (b->tv_sec - a->tv_sec) * 1000 + (b->tv_nsec - a->tv_nsec) / 1000000;
}

static void slept(const char *what, long r, const struct timespec *from, long least)
{
	struct timespec now;
	long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = ms_between(from, &now);
	say("%s: %ld, %s\n", what, r,
	    ms < least		? "too short"
	    : ms > least + 2000 ? "too long"
				: "as asked");
}

int main(void)
{
	struct timespec a, b, t = { 0, 30000000 };
	int backwards = 0, bad = 0, status;

	TRY(clock_gettime(CLOCK_MONOTONIC, &a));
	for (int i = 0; i < 2000; i++, a = b) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		backwards += b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec);
		bad += b.tv_nsec < 0 || b.tv_nsec > 999999999;
	}
	say("backwards %d, bad %d\n", backwards, bad);
	TRY(clock_gettime(CLOCK_REALTIME, &a));
	TRY(clock_gettime(99, &a));
	TRY(clock_gettime(-100, &a));
	clock_gettime(CLOCK_MONOTONIC, &a);
	slept("nanosleep 30 ms", syscall(SYS_nanosleep, &t, NULL), &a, 30);
	clock_gettime(CLOCK_MONOTONIC, &a);
	slept("clock_nanosleep 30 ms", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL),
	      &a, 30);
	clock_gettime(CLOCK_MONOTONIC, &a);
	b = a;
	b.tv_nsec += 40000000;
	if (b.tv_nsec > 999999999)
		b.tv_sec++, b.tv_nsec -= 1000000000;
	slept("until 40 ms later",
	      syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &b, NULL), &a, 40);
	clock_gettime(CLOCK_MONOTONIC, &a);
	slept("until 40 ms ago",
	      syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &b, NULL), &a, 0);
	t.tv_nsec = 1000000000;
	TRY(syscall(SYS_nanosleep, &t, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
	t = (struct timespec){ -1, 0 };
	TRY(syscall(SYS_nanosleep, &t, NULL));
	t = (struct timespec){ 0, 1000 };
	TRY(syscall(SYS_clock_nanosleep, 99, 0, &t, NULL));
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 10; i++) {
		if (fork() == 0) {
			nap(200);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		bad += status;
	clock_gettime(CLOCK_MONOTONIC, &b);
	say("ten that sleep 200 ms at once: %s\n",
	    ms_between(&a, &b) >= 200 && ms_between(&a, &b) < 1900 ? "at once" : "one by one");
	return bad;
}
