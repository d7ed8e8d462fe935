/* SPDX-License-Identifier: MIT */
/* Alarms that come as fast as they can, and such as never come: nobody is held up but who asked for them. */
#include "t.h"

#include <sys/time.h>

static volatile int runs;

static void count(int sig)
{
	(void)sig;
	runs++;
}

static const struct itimerval storm = { { 0, 1 }, { 0, 1 } };

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static const struct timespec a_while = { 0, 30000000 };

static int sleeps(void *how)
{
	signal(SIGALRM, how);
	setitimer(ITIMER_REAL, &storm, NULL);
	nanosleep(&a_while, NULL);
	return 0;
}

static int sleeps_blocked(void *unused)
{
	(void)unused;
	block(SIGALRM);
	setitimer(ITIMER_REAL, &storm, NULL);
	nanosleep(&a_while, NULL);
	return 0;
}

static int waits_blocked(void *unused)
{
	sigset_t set;

	(void)unused;
	block(SIGALRM);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	setitimer(ITIMER_REAL, &storm, NULL);
	TRY(sigtimedwait(&set, NULL, &a_while));
	return 0;
}

static int reads_blocked(void *unused)
{
	char c;
	int ends[2];

	(void)unused;
	if (pipe(ends))
		return 1;
	block(SIGALRM);
	setitimer(ITIMER_REAL, &storm, NULL);
	return (int)read(ends[0], &c, 1);
}

static int suspends(void *unused)
{
	sigset_t all;

	(void)unused;
	sigfillset(&all);
	setitimer(ITIMER_REAL, &storm, NULL);
	sigsuspend(&all);
	return 0;
}

static int stops(void *unused)
{
	(void)unused;
	signal(SIGALRM, SIG_IGN);
	setitimer(ITIMER_REAL, &storm, NULL);
	raise(SIGSTOP);
	return 0;
}

static volatile int *is_running; /* of a child, too */

static _Noreturn int runs_on(void *how)
{
	signal(SIGALRM, how);
	setitimer(ITIMER_REAL, &storm, NULL);
	*is_running = 1;
	for (;;)
		;
}

/* Returns when a child does what it is to do. */
static void until_it_is_there(pid_t pid, int (*f)(void *))
{
	if (f == stops)
		waitpid(pid, NULL, WUNTRACED);
	else if (f == runs_on)
		while (!*is_running)
			nap(1);
	else
		until_it_waits(pid, 0);
}

/* Another process has the hart all the same, and can end it. */
static void ended_by_another(const char *what, int (*f)(void *), void *arg)
{
	int status;
	pid_t pid;

	*is_running = 0;
	pid = fork();
	if (pid == 0)
		_exit(f(arg));
	until_it_is_there(pid, f);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ended(what, status);
}

/* One alarm soon, and the next after so many seconds. */
static void then_after(long sec, long usec)
{
	const struct itimerval value = { .it_interval = { sec, usec }, .it_value = { 0, 1000 } };
	struct itimerval left;

	runs = 0;
	signal(SIGALRM, count);
	setitimer(ITIMER_REAL, &value, NULL);
	while (!runs)
		;
	nap(20); /* an interval that is taken for a short one would end */
	getitimer(ITIMER_REAL, &left);
	say("interval %ld s: runs %d, told as %ld s %ld us; left nearly all of it %d\n", sec, runs,
	    left.it_interval.tv_sec, left.it_interval.tv_usec,
	    left.it_value.tv_sec >= sec || left.it_value.tv_sec > 9000000000);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
}

static void first_after(long sec)
{
	const struct itimerval value = { .it_value = { sec, 999999 } };
	struct itimerval left;

	setitimer(ITIMER_REAL, &value, NULL);
	getitimer(ITIMER_REAL, &left);
	say("value %ld s: left %d\n", sec, left.it_value.tv_sec > 9000000000);
}

/* What is blocked is one alarm, however long it waits. */
static void blocked_for_long(void)
{
	const struct itimerval value = { { 0, 2000 }, { 0, 2000 } };
	sigset_t none;

	sigemptyset(&none);
	runs = 0;
	signal(SIGALRM, count);
	block(SIGALRM);
	setitimer(ITIMER_REAL, &value, NULL);
	nap(20); /* ten times its interval */
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	say("runs when it is not blocked any more: %d\n", runs);
}

int main(void)
{
	is_running = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	then_after(0, 0);
	then_after(9223372035, 0);
	then_after(9223372036, 0);
	then_after(9223372036, 900000);
	then_after(18446744073, 709551);
	then_after(INT64_MAX, 999999);
	first_after(INT64_MAX);
	first_after(18446744073);
	blocked_for_long();
	in_child("sleeps, ignored", sleeps, SIG_IGN);
	in_child("sleeps, a handler", sleeps, count);
	in_child("sleeps, blocked", sleeps_blocked, NULL);
	in_child("waits, blocked", waits_blocked, NULL);
	ended_by_another("reads, blocked", reads_blocked, NULL);
	ended_by_another("suspends", suspends, NULL);
	ended_by_another("stops", stops, NULL);
	ended_by_another("runs on, ignored", runs_on, SIG_IGN);
	ended_by_another("runs on, a handler", runs_on, count);
	return 0;
}
