/* SPDX-License-Identifier: MIT */
/* What the tests of timer_create share. The ids are the kernel's: those of the C library are its own. */
#ifndef TESTS_USER_TIMERS_H
#define TESTS_USER_TIMERS_H

#include "t.h"

#include <semaphore.h>

#define RT  (SIGRTMIN + 2)
#define SEC 1000000000l

/* The signals of the timers come when the test takes them. */
__attribute__((unused)) static void block_signals_of_timers(void)
{
	sigset_t some;

	sigemptyset(&some);
	sigaddset(&some, RT);
	sigaddset(&some, SIGALRM);
	sigprocmask(SIG_BLOCK, &some, NULL);
}

/* Returns the id, or -1 and errno. */
__attribute__((unused)) static int try_made(int clock, int notify, int sig, long value, int tid)
{
	struct sigevent event = { .sigev_notify = notify, .sigev_signo = sig };
	int id = -1;

	event.sigev_value.sival_ptr = (void *)value;
	event._sigev_un._tid = tid;
	return syscall(SYS_timer_create, clock, &event, &id) == 0 ? id : -1;
}

__attribute__((unused)) static int made_with(int clock, int notify, int sig, long value, int tid)
{
	int id = try_made(clock, notify, sig, value, tid);

	if (id < 0)
		result("timer_create", -1);
	return id;
}

__attribute__((unused)) static int made(int clock, int sig, long value)
{
	return made_with(clock, SIGEV_SIGNAL, sig, value, 0);
}

__attribute__((unused)) static long timer_gone(int id)
{
	return syscall(SYS_timer_delete, id);
}

__attribute__((unused)) static long overrun(int id)
{
	return syscall(SYS_timer_getoverrun, id);
}

/* Relative, in nanoseconds. */
__attribute__((unused)) static long set(int id, long value, long interval)
{
	const struct itimerspec t = { { interval / SEC, interval % SEC },
				      { value / SEC, value % SEC } };

	return syscall(SYS_timer_settime, id, 0, &t, NULL);
}

__attribute__((unused)) static long set_at(int id, struct timespec at, long interval)
{
	const struct itimerspec t = { { interval / SEC, interval % SEC }, at };

	return syscall(SYS_timer_settime, id, TIMER_ABSTIME, &t, NULL);
}

__attribute__((unused)) static struct timespec from_now(int clock, long sec)
{
	struct timespec now;

	clock_gettime(clock, &now);
	now.tv_sec += sec;
	return now;
}

/*
 * Says the interval, and the time that is left: in hundreds of seconds, for the machine may be slow;
 * "some" for less, and 0 for none.
 */
__attribute__((unused)) static void left(int id)
{
	struct itimerspec t;

	if (syscall(SYS_timer_gettime, id, &t) != 0) {
		result("left", -1);
		return;
	}
	if (t.it_value.tv_sec >= 100)
		say("left: %ld, each ", ((long)t.it_value.tv_sec + 50) / 100 * 100);
	else
		say("left: %s, each ", t.it_value.tv_sec || t.it_value.tv_nsec ? "some" : "0");
	say("%ld.%09ld\n", (long)t.it_interval.tv_sec, (long)t.it_interval.tv_nsec);
}

/* Waits for a signal and takes it. */
__attribute__((unused)) static void take(int sig, siginfo_t *info)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, sig);
	memset(info, 0, sizeof(*info));
	while (sigwaitinfo(&one, info) < 0 && errno == EINTR)
		;
}

/* Says what came with it. */
__attribute__((unused)) static void taken(int sig)
{
	siginfo_t info;

	take(sig, &info);
	if (info.si_code == SI_TIMER)
		say("taken: overrun %d, value %ld\n", info.si_overrun,
		    (long)info.si_value.sival_ptr);
	else
		say("taken: code %d\n", info.si_code);
}

/* Takes one, of a timer with an interval. */
__attribute__((unused)) static int some_overrun(int sig)
{
	siginfo_t info;

	take(sig, &info);
	return info.si_code == SI_TIMER && info.si_overrun >= 0;
}

/* Takes those that are pending. Returns how many there were. */
__attribute__((unused)) static int drained(int sig)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t one;
	int n = 0;

	sigemptyset(&one);
	sigaddset(&one, sig);
	while (sigtimedwait(&one, NULL, &at_once) > 0)
		n++;
	return n;
}

__attribute__((unused)) static void none(int sig)
{
	int n = drained(sig);

	if (n != 0)
		say("%d are pending\n", n);
}

__attribute__((unused)) static void until_pending(int sig)
{
	sigset_t now;

	do {
		nap(1);
		sigpending(&now);
	} while (!sigismember(&now, sig));
}

/* Until what is left is less than it was, or nothing: the timer was set to expire in a nanosecond. */
__attribute__((unused)) static void until_expired(int id)
{
	struct itimerspec t;

	do {
		nap(1);
		if (syscall(SYS_timer_gettime, id, &t) != 0)
			return;
	} while (t.it_value.tv_sec == 0 && t.it_value.tv_nsec == 1);
}

#endif
