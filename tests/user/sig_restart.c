/* SPDX-License-Identifier: MIT */
/* System calls that a handler interrupts: EINTR, or made again with SA_RESTART; what a stop interrupts goes on. */
#include "t.h"

#include <sys/time.h>
#include <sys/uio.h>

static volatile int runs;
static int pipe_in[2];

static void count(int sig)
{
	(void)sig;
	runs++;
}

static void handle(int sig, int flags)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = flags };

	sigaction(sig, &action, NULL);
}

static void alarm_in(long ms)
{
	struct itimerval timer = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Again and again: the first may come before the call that it is to interrupt has begun. */
static void alarm_every(long ms)
{
	struct itimerval timer = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static long alarm_off(long value)
{
	int err = errno;

	alarm_in(0);
	errno = err;
	return value;
}
#define TRY_ALARMED(call) \
	(line_of(__LINE__), alarm_every(20), result_of(#call, alarm_off((long)(call))))

/* A child that sends SIGALRM when its parent waits, so often, and does something when it waits again. */
static void later(int alarms, int sig)
{
	pid_t parent = getpid();
	long before = waits_of(parent);

	if (fork() != 0)
		return;
	for (; alarms > 0; alarms--) {
		until_it_waits(parent, before++);
		kill(parent, SIGALRM);
	}
	until_it_waits(parent, before);
	if (sig)
		kill(parent, sig);
	else if (write(pipe_in[1], "x", 1) != 1)
		_exit(1);
	_exit(0);
}

static void reads(void)
{
	char c;

	handle(SIGALRM, 0);
	TRY_ALARMED(read(pipe_in[0], &c, 1));
	TRY_ALARMED(readv(pipe_in[0], &(struct iovec){ &c, 1 }, 1));
	handle(SIGALRM, SA_RESTART);
	runs = 0;
	later(1, 0);
	TRY(read(pipe_in[0], &c, 1));
	say("handlers run: %d\n", runs);
	TRY(wait(NULL) > 0);
}

/* What went out before the signal is the result. */
static void writes(void)
{
	static char bytes[200000];
	ssize_t n;

	handle(SIGALRM, 0);
	alarm_every(20);
	n = alarm_off(write(pipe_in[1], bytes, sizeof(bytes)));
	say("write of 200000: %zd\n", n);
	TRY_ALARMED(write(pipe_in[1], bytes, 4096));
	TRY_ALARMED(writev(pipe_in[1], &(struct iovec){ bytes, 4096 }, 1));
	while (n > 0)
		n -= read(pipe_in[0], bytes, sizeof(bytes) < (size_t)n ? sizeof(bytes) : (size_t)n);
}

static void waits(void)
{
	handle(SIGALRM, 0);
	later(2, 0);
	TRY(wait(NULL));
	handle(SIGALRM, SA_RESTART);
	TRY(wait(NULL) > 0);
	if (read(pipe_in[0], &(char){ 0 }, 1) != 1)
		say("no byte\n");
}

static void sleeps(void)
{
	struct timespec t = { 5, 0 }, rest = { 99, 0 }, now;

	handle(SIGALRM, SA_RESTART); /* sleeps do not ask for that */
	TRY_ALARMED(nanosleep(&t, &rest));
	say("rest: %ld s\n", (long)rest.tv_sec);
	TRY_ALARMED(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, &rest));
	say("rest: %ld s\n", (long)rest.tv_sec);
	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += 5;
	TRY_ALARMED(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &now, NULL));
	TRY_ALARMED(syscall(SYS_nanosleep, &t, (void *)8));
	TRY(syscall(SYS_restart_syscall));
}

/* A stop is no interruption: the sleep ends when it should. */
static int sleep_through_a_stop(void *unused)
{
	struct timespec t = { 0, 150000000 }, begin, end;
	long ms;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	TRY(nanosleep(&t, NULL));
	clock_gettime(CLOCK_MONOTONIC, &end);
	ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
	say("slept %s\n", ms < 150 ? "too short" : ms < 2000 ? "as long as asked" : "too long");
	return 0;
}

static void stops(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sleep_through_a_stop(NULL));
	until_it_waits(pid, 0);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	ended("stopped and gone on", status);
}

static void suspends(void)
{
	sigset_t all, none, old;

	handle(SIGUSR1, SA_RESTART);
	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_BLOCK, &all, &old);
	raise(SIGUSR1);
	runs = 0;
	say("pending, not run: %d\n", runs);
	TRY(sigsuspend(&none));
	say("run: %d\n", runs);
	sigprocmask(SIG_BLOCK, NULL, &none);
	say("blocked again: %d\n", sigismember(&none, SIGUSR1));
	sigprocmask(SIG_SETMASK, &old, NULL);
	later(0, SIGUSR1);
	sigemptyset(&none);
	TRY(sigsuspend(&none));
	while (wait(NULL) > 0)
		;
}

int main(void)
{
	if (pipe(pipe_in) != 0)
		return 1;
	reads();
	writes();
	waits();
	sleeps();
	stops();
	suspends();
	return 0;
}
