/* SPDX-License-Identifier: MIT */
/* CLONE_PARENT: a brother tells his end as who made him does, whatever signal was asked for; how it is told. */
#include "t.h"

#define CLONE_PARENT 0x8000

static volatile int heard[65];
static siginfo_t told[65];

static void hear(int sig, siginfo_t *info, void *context)
{
	(void)context;
	heard[sig]++;
	told[sig] = *info;
}

static void listen(int sig)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART, .sa_sigaction = hear };

	sigaction(sig, &action, NULL);
}

static pid_t clone_with(long flags)
{
	return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
}

/* A child that is heard of by `mine` makes a brother that asks for `his`; both end. */
static void brothers(int mine, int his)
{
	int status, n = 0;
	pid_t pid = clone_with(mine);

	if (pid == 0) {
		pid = clone_with(CLONE_PARENT | his);
		_exit(pid == 0 ? 7 : pid > 0 ? 3 : 9);
	}
	while (waitpid(-1, &status, __WALL) > 0 || errno == EINTR)
		n++;
	say("asked for %d and %d: %d children; SIGUSR1 %d, SIGUSR2 %d, SIGCHLD %d\n", mine, his, n,
	    heard[SIGUSR1] > 0, heard[SIGUSR2] > 0, heard[SIGCHLD] > 0);
	memset((void *)heard, 0, sizeof(heard));
}

/* By any signal the end is told as by SIGCHLD. */
static void told_by(int sig)
{
	pid_t pid;

	listen(sig);
	pid = clone_with(sig);
	if (pid == 0)
		_exit(42);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	say("told by %d: %d, code %d, of the child %d, status %d\n", sig, heard[sig] > 0,
	    told[sig].si_code, told[sig].si_pid == pid, told[sig].si_status);
}

int main(void)
{
	listen(SIGUSR1);
	listen(SIGUSR2);
	listen(SIGCHLD);
	brothers(SIGCHLD, SIGCHLD);
	brothers(SIGCHLD, SIGUSR1);
	brothers(SIGCHLD, SIGKILL);
	brothers(SIGUSR1, SIGCHLD);
	brothers(0, SIGUSR2);
	brothers(200, SIGUSR2);
	told_by(SIGCHLD);
	told_by(SIGHUP);
	told_by(SIGUSR1);
	told_by(SIGSEGV);
	told_by(SIGRTMAX);
	return 0;
}
