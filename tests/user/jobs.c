/* SPDX-License-Identifier: MIT */
/* Process groups and sessions: setpgid, getpgid, getsid, setsid; kill and wait4 by group. */
#include "t.h"

_Noreturn static void sleeps(void)
{
	for (;;)
		nap(500);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		sleeps();
	return pid;
}

static int errors(void *unused)
{
	pid_t child = sleeper(), other;

	(void)unused;
	TRY(setpgid(0, -1));
	TRY(setpgid(999999, 0));
	TRY(setpgid(-1, 0));
	TRY(setpgid(getppid(), 0));
	TRY(setpgid(child, 999999)); /* EPERM: no such group */
	TRY(syscall(SYS_getpgid, 999999));
	TRY(syscall(SYS_getpgid, -1));
	TRY(syscall(SYS_getsid, 999999));
	TRY(syscall(SYS_getsid, -1));
	TRY(setpgid(child, 0));
	TRY(syscall(SYS_getpgid, child) == child);
	TRY(syscall(SYS_getsid, child) == getsid(0));
	other = sleeper();
	TRY(setpgid(other, child));
	TRY(getpgid(other) == child);
	TRY(setpgid(other, getpid())); /* no group, though a process */
	TRY(setpgid(other, getpgid(0)));
	TRY(getpgid(other) == getpgid(0));
	kill(child, SIGKILL);
	kill(other, SIGKILL);
	TRY(waitpid(child, NULL, 0) == child);
	TRY(setpgid(child, 0));
	TRY(waitpid(other, NULL, 0) == other);
	return 0;
}

static int leads(void *unused)
{
	pid_t child;

	(void)unused;
	TRY(syscall(SYS_setsid) == getpid());
	TRY(getsid(0) == getpid());
	TRY(getpgid(0) == getpid());
	TRY(syscall(SYS_setsid));
	TRY(setpgid(0, 0));
	TRY(setpgid(0, getppid()));
	child = fork();
	if (child == 0)
		_exit(getsid(0) == getppid() && getpgid(0) == getppid() && setpgid(0, 0) == 0 &&
				      setsid() == -1 && errno == EPERM
			      ? 0
			      : 1);
	waitpid(child, NULL, 0);
	return 0;
}

static int in_another_session(void *unused)
{
	int p[2];
	pid_t child;
	char byte;

	(void)unused;
	TRY(pipe(p));
	child = fork();
	if (child == 0) {
		setsid();
		write(p[1], "x", 1);
		sleeps();
	}
	TRY(read(p[0], &byte, 1));
	TRY(setpgid(child, 0));
	TRY(setpgid(0, child));
	TRY(getsid(child) == child);
	TRY(kill(-child, SIGTERM));
	TRY(waitpid(-child, NULL, 0) == child);
	return 0;
}

/* A child that has had its exec is not moved any more. */
static int after_exec(void *self)
{
	char *args[] = { self, "sleep", NULL };
	int p[2];
	pid_t child;
	char byte;

	TRY(pipe2(p, O_CLOEXEC));
	child = fork();
	if (child == 0) {
		execv(self, args);
		_exit(1);
	}
	close(p[1]);
	TRY(read(p[0], &byte, 1));
	TRY(setpgid(child, child));
	TRY(kill(child, SIGKILL));
	TRY(waitpid(child, NULL, 0) == child);
	return 0;
}

static int by_group(void *unused)
{
	pid_t a, b, c;
	int status;

	(void)unused;
	TRY(setpgid(0, 0));
	a = sleeper();
	b = sleeper();
	c = sleeper();
	TRY(setpgid(b, b));
	TRY(setpgid(c, b));
	TRY(kill(-b, 0));
	TRY(kill(-b, 65));
	TRY(kill(-999999, 0));
	TRY(kill(INT32_MIN, 0));
	TRY(waitpid(-b, &status, WNOHANG));
	TRY(waitpid(0, &status, WNOHANG));
	TRY(kill(-b, SIGTERM));
	TRY(waitpid(-b, &status, 0) > 0);
	ended("one of the group", status);
	TRY(waitpid(-b, &status, 0) > 0);
	ended("the other", status);
	TRY(waitpid(-b, &status, 0));
	TRY(kill(-b, SIGTERM));
	TRY(waitpid(0, &status, WNOHANG));
	TRY(kill(a, SIGKILL));
	TRY(waitpid(0, &status, 0) == a);
	TRY(waitpid(0, &status, 0));
	a = sleeper();
	TRY(kill(0, SIGTERM));
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		sleeps();
	setpgid(0, 0); /* refused to who leads a session: it leads a group too */
	in_child("errors", errors, NULL);
	in_child("a new session", leads, NULL);
	in_child("two sessions", in_another_session, NULL);
	in_child("after exec", after_exec, argv[0]);
	in_child("by group", by_group, NULL);
	return 0;
}
