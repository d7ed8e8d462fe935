/* SPDX-License-Identifier: MIT */
/* ITIMER_VIRTUAL and ITIMER_PROF: they count the time that a process runs, go off again and again, and are told. */
#include "t.h"

#include <sys/time.h>

#define BAD ((void *)8)

static volatile int count[NSIG];
static volatile int code;
static const char *own_name;

static void counts(int sig, siginfo_t *info, void *context)
{
	(void)context;
	count[sig]++;
	code = info->si_code;
}

static void catches(int sig)
{
	struct sigaction action = { .sa_sigaction = counts, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(sig, &action, NULL);
	count[sig] = 0;
}

static void computes(void)
{
	for (volatile int i = 0; i < 10000; i++)
		;
}

/* What it costs is the kernel's time. */
static void calls(void)
{
	static int zero = -1;
	static char bytes[1 << 16];

	if (zero < 0)
		zero = open("/dev/zero", O_RDONLY);
	if (read(zero, bytes, sizeof(bytes)) != sizeof(bytes))
		_exit(9);
}

static long used_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static int set(int which, long first_ms, long then_ms)
{
	struct itimerval timer = { .it_value = { first_ms / 1000, first_ms % 1000 * 1000 },
				   .it_interval = { then_ms / 1000, then_ms % 1000 * 1000 } };

	return setitimer(which, &timer, NULL);
}

static long left_ms(int which)
{
	struct itimerval timer;

	getitimer(which, &timer);
	return timer.it_value.tv_sec * 1000 + (timer.it_value.tv_usec + 999) / 1000;
}

static void until(int sig, int n, void (*burn)(void))
{
	while (count[sig] < n)
		burn();
}

static void repeats(int which, int sig, void (*burn)(void))
{
	catches(sig);
	TRY(set(which, 20, 10));
	until(sig, 5, burn);
	TRY(set(which, 0, 0));
	count[sig] = 0;
	for (long from = used_ms(); used_ms() < from + 30;)
		burn();
	say("it came five times, from the kernel: %d; stopped: %d more\n", code == SI_KERNEL,
	    count[sig]);
}

static void once(int which, int sig)
{
	catches(sig);
	TRY(set(which, 10, 0));
	until(sig, 1, computes);
	for (long from = used_ms(); used_ms() < from + 30;)
		computes();
	say("once: %d, left: %ld\n", count[sig], left_ms(which));
}

/* Time that passes is not time that one runs. */
static void sleeps(int which, int sig)
{
	catches(sig);
	TRY(set(which, 80, 0));
	for (int i = 0; i < 5; i++)
		nap(20);
	say("after sleeping: %d, some is left: %d, not more than was set: %d\n", count[sig],
	    left_ms(which) > 0, left_ms(which) <= 100);
	TRY(set(which, 0, 0));
}

/* A time in the old value is less than what was set, or hardly more: Linux adds a tick. */
static void told(int which)
{
	struct itimerval old, new = { { 5, 250000 }, { 2000, 0 } };

	TRY(setitimer(which, &new, &old));
	say("before: %ld %ld %ld %ld\n", old.it_value.tv_sec, old.it_value.tv_usec,
	    old.it_interval.tv_sec, old.it_interval.tv_usec);
	TRY(getitimer(which, &old));
	say("interval: %ld %ld; value: %d\n", old.it_interval.tv_sec, old.it_interval.tv_usec,
	    old.it_value.tv_sec >= 1990 && old.it_value.tv_sec <= 2000);
	new = (struct itimerval){ { 0, 0 }, { 1000000000, 0 } };
	TRY(setitimer(which, &new, &old));
	say("interval: %ld %ld; value: %d\n", old.it_interval.tv_sec, old.it_interval.tv_usec,
	    old.it_value.tv_sec >= 1990 && old.it_value.tv_sec <= 2000);
	TRY(getitimer(which, &old));
	say("a long time: %d\n", old.it_value.tv_sec >= 999999990);
	TRY(syscall(SYS_setitimer, which, NULL, NULL));
	say("left: %ld\n", left_ms(which));
}

static void refuses(int which)
{
	struct itimerval much = { { 0, 0 }, { 0, 1000000 } }, negative = { { -1, 0 }, { 0, 0 } };
	struct itimerval good = { { 0, 0 }, { 9, 0 } };

	TRY(setitimer(which, &much, NULL));
	TRY(setitimer(which, &negative, NULL));
	TRY(syscall(SYS_setitimer, which, BAD, NULL));
	TRY(syscall(SYS_getitimer, which, BAD));
	TRY(syscall(SYS_setitimer, which, &good, BAD));
	say("set all the same: %d\n", left_ms(which) > 0);
	TRY(set(which, 0, 0));
}

/* An interval that never ends does not begin anew at once. */
static void once_in_all(int which, int sig)
{
	struct itimerval timer = { { INT64_MAX, 0 }, { 0, 1000 } };

	catches(sig);
	TRY(setitimer(which, &timer, NULL));
	until(sig, 1, computes);
	for (long from = used_ms(); used_ms() < from + 30;)
		computes();
	say("an interval for ever: %d\n", count[sig]);
	TRY(set(which, 0, 0));
}

static int asks(void *which)
{
	say("a child has left: %ld\n", left_ms(*(int *)which));
	return 0;
}

static _Noreturn int dies(void *which)
{
	signal(*(int *)which == ITIMER_PROF ? SIGPROF : SIGVTALRM, SIG_DFL);
	set(*(int *)which, 10, 0);
	for (;;)
		computes();
}

static int becomes_another(void *which)
{
	set(*(int *)which, 50, 0);
	execl(own_name, own_name, "burn", NULL);
	return 1;
}

static void all_of(int which, int sig)
{
	repeats(which, sig, computes);
	once(which, sig);
	sleeps(which, sig);
	told(which);
	refuses(which);
	once_in_all(which, sig);
	TRY(set(which, 9000, 0));
	in_child("fork", asks, &which);
	TRY(set(which, 0, 0));
	in_child("not caught", dies, &which);
	in_child("exec", becomes_another, &which);
}

/* Each goes its own way; what is blocked waits. */
static void together(void)
{
	sigset_t all, pending;

	catches(SIGALRM);
	catches(SIGVTALRM);
	catches(SIGPROF);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	TRY(set(ITIMER_REAL, 10, 10));
	TRY(set(ITIMER_VIRTUAL, 10, 10));
	TRY(set(ITIMER_PROF, 10, 10));
	do {
		computes();
		sigpending(&pending);
	} while (!sigismember(&pending, SIGALRM) || !sigismember(&pending, SIGVTALRM) ||
		 !sigismember(&pending, SIGPROF));
	say("blocked: %d %d %d\n", count[SIGALRM], count[SIGVTALRM], count[SIGPROF]);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	until(SIGALRM, 4, computes);
	until(SIGVTALRM, 4, computes);
	until(SIGPROF, 4, computes);
	TRY(set(ITIMER_REAL, 0, 0));
	TRY(set(ITIMER_VIRTUAL, 0, 0));
	TRY(set(ITIMER_PROF, 0, 0));
}

int main(int argc, char **argv)
{
	own_name = argv[0];
	while (argc > 1)
		computes();
	all_of(ITIMER_VIRTUAL, SIGVTALRM);
	all_of(ITIMER_PROF, SIGPROF);
	repeats(ITIMER_PROF, SIGPROF, calls);
	once_in_all(ITIMER_REAL, SIGALRM);
	together();
	return 0;
}
