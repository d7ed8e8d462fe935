/* SPDX-License-Identifier: MIT */
/* kill, and every form of wait4: by pid, any, WNOHANG, no children, orphans that go to process 1. */
#include "t.h"

static pid_t child_that(int (*f)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(f());
	return pid;
}

static volatile int *is_spinning; /* of a child, too */

_Noreturn static int spins(void)
{
	*is_spinning = 1;
	for (volatile long i = 0;; i++)
		continue;
}

_Noreturn static int sleeps(void)
{
	for (;;)
		nap(500);
}

static int exits_5(void)
{
	return 5;
}

static int exits_259(void)
{
	exit(259);
}

static int waits_for_none(void)
{
	return wait(NULL) == -1 && errno == ECHILD ? 0 : 1;
}

static void reap(const char *what, pid_t pid)
{
	int status = -1;
	pid_t got = waitpid(pid, &status, 0);

	if (got < 0)
		result(what, got);
	else
		ended(what, status);
}

static void killed_by(const char *what, int (*f)(void), int sig)
{
	pid_t pid;

	*is_spinning = 0;
	pid = child_that(f);
	if (f == spins)
		while (!*is_spinning)
			nap(1);
	else
		until_it_waits(pid, 0);
	TRY(kill(pid, sig));
	reap(what, pid);
}

/* A stop is a signal, too: a process that has gone on and stops again has taken those that came before. */
static void until_signals_are_taken(pid_t pid)
{
	for (int i = 0; i < 2; i++) {
		kill(pid, SIGSTOP);
		waitpid(pid, NULL, WUNTRACED);
		kill(pid, SIGCONT);
	}
}

int main(void)
{
	int status = 77;
	pid_t a, b;

	is_spinning = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	TRY(wait(&status));
	TRY(waitpid(-1, &status, WNOHANG));
	TRY(waitpid(1, &status, 0));
	say("status untouched: %d\n", status);
	killed_by("spinning, SIGKILL", spins, SIGKILL);
	killed_by("sleeping, SIGKILL", sleeps, SIGKILL);
	killed_by("spinning, SIGTERM", spins, SIGTERM);
	killed_by("sleeping, SIGTERM", sleeps, SIGTERM);
	killed_by("sleeping, SIGINT", sleeps, SIGINT);
	killed_by("sleeping, SIGHUP", sleeps, SIGHUP);
	killed_by("sleeping, SIGUSR1", sleeps, SIGUSR1);
	killed_by("sleeping, SIGSEGV", sleeps, SIGSEGV);
	a = child_that(sleeps);
	TRY(waitpid(a, &status, WNOHANG));
	TRY(waitpid(-1, &status, WNOHANG));
	TRY(kill(a, 0));
	TRY(kill(a, SIGCHLD));
	TRY(kill(a, SIGURG));
	TRY(kill(a, SIGWINCH));
	until_signals_are_taken(a);
	TRY(waitpid(a, &status, WNOHANG));
	TRY(kill(a, 65));
	TRY(kill(a, -1));
	TRY(kill(a, SIGKILL));
	reap("it", a);
	TRY(kill(a, 0));
	TRY(kill(a, SIGKILL));
	TRY(kill(999999, SIGKILL));
	TRY(kill(999999, 65));
	TRY(kill(getpid(), 0));

	a = child_that(exits_5);
	b = child_that(exits_259);
	reap("b", b);
	reap("a", a);
	reap("a again", a);
	a = child_that(exits_5);
	waitid(P_PID, (id_t)a, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	TRY(kill(a, 0)); /* a zombie can still be named */
	TRY(kill(a, SIGKILL));
	TRY(waitpid(a, NULL, WNOHANG) == a);
	TRY(syscall(SYS_wait4, -1, &status, 0x100, NULL));
	reap("child without children", child_that(waits_for_none));
	say("parent of the first is not us: %s\n", getppid() != getpid() ? "yes" : "no");
	TRY(kill(getpid(), SIGTERM));
	say("not reached\n");
	return 0;
}
