/* SPDX-License-Identifier: MIT */
/* rt_sigtimedwait, rt_sigpending, rt_sigqueueinfo: what is taken in which order, and their errors; setitimer's values
 * and errors. */
#include "t.h"

#include <sys/time.h>

#define BAD ((void *)8)

static void send(int sig, int value)
{
	union sigval v = { .sival_int = value };

	if (sigqueue(getpid(), sig, v) != 0)
		say("sigqueue: %s\n", strerrorname_np(errno));
}

static void taken(const sigset_t *set)
{
	struct timespec now = { 0, 0 };
	siginfo_t info;
	int sig = sigtimedwait(set, &info, &now);

	if (sig < 0)
		say("none: %s\n", strerrorname_np(errno));
	else
		say("took %d, code %d, value %d\n", sig, info.si_code, info.si_value.sival_int);
}

/* Ordinary signals are kept once, real-time ones each; the lowest number first. */
static void in_order(void)
{
	sigset_t all, pending;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	send(SIGRTMIN + 1, 1);
	send(SIGRTMIN, 2);
	send(SIGRTMIN + 1, 3);
	send(SIGUSR1, 4);
	send(SIGUSR1, 5);
	kill(getpid(), SIGTERM);
	sigpending(&pending);
	say("pending: USR1 %d, TERM %d, RT0 %d, RT1 %d, HUP %d\n", sigismember(&pending, SIGUSR1),
	    sigismember(&pending, SIGTERM), sigismember(&pending, SIGRTMIN),
	    sigismember(&pending, SIGRTMIN + 1), sigismember(&pending, SIGHUP));
	for (int i = 0; i < 6; i++)
		taken(&all);
	sigpending(&pending);
	say("pending: RT1 %d\n", sigismember(&pending, SIGRTMIN + 1));
}

static void ignored(void)
{
	sigset_t set;

	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	send(SIGUSR2, 6); /* blocked, so kept all the same */
	taken(&set);
	signal(SIGUSR2, SIG_DFL);
}

/* A child that sends a signal when its parent waits. */
static void later(int sig)
{
	pid_t parent = getpid();
	long before = waits_of(parent);

	if (fork() != 0)
		return;
	until_it_waits(parent, before);
	kill(parent, sig);
	_exit(0);
}

static void nothing(int sig)
{
	(void)sig;
}

static void waits(void)
{
	struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct timespec short_time = { 0, 20000000 }, long_time = { 60, 0 };
	sigset_t set, alarm;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	TRY(sigtimedwait(&set, NULL, &short_time));
	later(SIGUSR1);
	TRY(sigtimedwait(&set, NULL, &long_time));
	later(SIGUSR1);
	TRY(sigwaitinfo(&set, NULL));
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
	later(SIGALRM); /* another signal with a handler ends it, whatever its flags */
	TRY(sigtimedwait(&set, NULL, &long_time));
	while (wait(NULL) > 0)
		;
}

/* What nobody can block is not waited for either: it stops who waits. */
static void unblockable(void)
{
	sigset_t set;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sigemptyset(&set);
		sigaddset(&set, SIGSTOP);
		sigaddset(&set, SIGKILL);
		later(SIGSTOP);
		TRY(sigwaitinfo(&set, NULL));
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	say("stopped: %d\n", WIFSTOPPED(status) ? WSTOPSIG(status) : -1);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	say("ended: %x\n", status);
}

static void errors(void)
{
	struct timespec negative = { -1, 0 }, zero = { 0, 0 };
	siginfo_t info = { .si_code = SI_USER };
	sigset_t set;

	sigemptyset(&set);
	TRY(syscall(SYS_rt_sigtimedwait, &set, NULL, &negative, 8));
	TRY(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 4));
	TRY(syscall(SYS_rt_sigtimedwait, BAD, NULL, &zero, 8));
	TRY(syscall(SYS_rt_sigtimedwait, &set, NULL, BAD, 8));
	TRY(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 8));
	sigaddset(&set, SIGUSR1);
	raise(SIGUSR1);
	TRY(syscall(SYS_rt_sigtimedwait, &set, BAD, &zero, 8));
	TRY(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 8)); /* it was taken */
	TRY(syscall(SYS_rt_sigpending, BAD, 8));
	TRY(syscall(SYS_rt_sigpending, &set, 9));
	TRY(syscall(SYS_rt_sigpending, &set, 4));
	TRY(syscall(SYS_rt_sigsuspend, BAD, 8));
	TRY(syscall(SYS_rt_sigsuspend, &set, 4));
	TRY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD));
	TRY(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info));
	TRY(syscall(SYS_rt_sigqueueinfo, getpid(), -1, &info));
	TRY(syscall(SYS_rt_sigqueueinfo, 1, SIGUSR1, &info));
	TRY(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
	info.si_code = SI_QUEUE;
	TRY(syscall(SYS_rt_sigqueueinfo, 32000, SIGUSR1, &info));
}

/* There is an end to what is queued; ordinary signals by kill() are never refused. */
static void too_many(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	long left = 100000;

	while (left && syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info) == 0)
		left--;
	say("refused after many: %d\n", left > 0);
	TRY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
	TRY(syscall(SYS_tkill, getpid(), SIGRTMIN));
	TRY(syscall(SYS_tgkill, getpid(), getpid(), SIGRTMIN));
	TRY(kill(getpid(), SIGRTMIN));
	TRY(kill(getpid(), SIGUSR2));
	signal(SIGRTMIN, SIG_IGN);
	signal(SIGUSR2, SIG_IGN); /* drops them */
	TRY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 1, &info));
}

/*
 * What is queued counts for a user. Programs of root that are still ending would give back room after the first refusal, so
 * this is tried as a user who has no other program.
 */
static void too_many_of_a_user(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(4711, 4711, 4711) != 0)
			exit(95);
		too_many();
		exit(0);
	}
	waitpid(pid, NULL, 0);
	syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 1, &info); /* for timers() */
}

static void timers(void)
{
	struct itimerval timer = { { 0, 500 }, { 1000, 500000 } }, old;
	struct itimerval bad = { { 0, 0 }, { 0, 1000000 } }, negative = { { 0, 0 }, { -1, 0 } };
	sigset_t set;

	sigfillset(&set);
	TRY(setitimer(ITIMER_REAL, &timer, NULL));
	TRY(getitimer(ITIMER_REAL, &old));
	say("left: %ld s, interval %ld us\n", (long)old.it_value.tv_sec,
	    (long)old.it_interval.tv_usec);
	if (fork() == 0) {
		TRY(getitimer(ITIMER_REAL, &old));
		say("in a child: %ld s %ld us\n", (long)old.it_value.tv_sec,
		    (long)old.it_value.tv_usec);
		_exit(0);
	}
	wait(NULL);
	TRY(setitimer(ITIMER_REAL, &bad, NULL));
	TRY(setitimer(ITIMER_REAL, &negative, NULL));
	TRY(syscall(SYS_setitimer, 7, &timer, NULL));
	TRY(syscall(SYS_getitimer, 7, &old));
	TRY(syscall(SYS_setitimer, ITIMER_REAL, BAD, NULL));
	TRY(syscall(SYS_getitimer, ITIMER_REAL, BAD));
	TRY(syscall(SYS_setitimer, ITIMER_REAL, NULL, &old));
	say("was: %ld s\n", (long)old.it_value.tv_sec);
	TRY(getitimer(ITIMER_REAL, &old));
	say("now: %ld s %ld us\n", (long)old.it_value.tv_sec, (long)old.it_value.tv_usec);
	timer = (struct itimerval){ { 0, 5000 }, { 1000, 0 } };
	TRY(setitimer(ITIMER_REAL, &timer, NULL));
	timer.it_value = timer.it_interval;
	sigdelset(&set, SIGCHLD);
	for (int i = 0; i < 5; i++) {
		siginfo_t info;
		int sig = sigwaitinfo(&set, &info);

		/* The first one was queued by too_many_of_a_user(). An alarm before it would be taken first. */
		if (i == 0)
			setitimer(ITIMER_REAL, &timer, NULL);
		say("%d: SIG%s, code %#x\n", i, sigabbrev_np(sig), (unsigned)info.si_code);
	}
	timer = (struct itimerval){ 0 };
	TRY(syscall(SYS_setitimer, ITIMER_REAL, &timer, BAD));
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(void)
{
	in_order();
	ignored();
	waits();
	unblockable();
	errors();
	too_many_of_a_user();
	timers();
	return 0;
}
