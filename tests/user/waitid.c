/* SPDX-License-Identifier: MIT */
/* waitid: whose news, which of them, what is told of each, what stays with WNOWAIT; what is written where there are none. */
#include "t.h"

#include <stdbool.h>
#include <sys/ptrace.h>

#define EVERYTHING (WEXITED | WSTOPPED | WCONTINUED)

static pid_t parent, child;

/* The raw call: the C library has no rusage. Pids are told as words. */
static void ask(int which, pid_t id, int options)
{
	siginfo_t info;
	long got;

	memset(&info, 0x55, sizeof(info));
	got = syscall(SYS_waitid, which, id, &info, options, NULL);
	say("waitid: %s, signal %d, code %d, pid %s, uid %u, status %d, untouched %d %d\n",
	    got ? strerrorname_np(errno) : "0", info.si_signo, info.si_code,
	    info.si_pid == child ? "the child's"
	    : info.si_pid	 ? "another"
				 : "none",
	    info.si_uid, info.si_status, ((int *)&info)[3] == 0x55555555,
	    ((int *)&info)[7] == 0x55555555);
}
#define ASK(which, id, options) (line_of(__LINE__), ask(which, id, options))

/* A child that ends so. */
static void make(int status, int sig)
{
	child = fork();
	if (child == 0) {
		if (sig)
			kill(getpid(), sig);
		_exit(status);
	}
}

static void ends(void)
{
	make(7, 0);
	ASK(P_ALL, 0, WEXITED | WNOWAIT);
	ASK(P_PID, child, WEXITED | WNOWAIT);
	ASK(P_PID, child, WSTOPPED | WCONTINUED);
	ASK(P_PID, child, WEXITED);
	ASK(P_PID, child, WEXITED);
	make(0, SIGKILL);
	ASK(P_PGID, 0, WEXITED);
	make(0, SIGSEGV);
	ASK(P_PGID, getpgrp(), EVERYTHING);
	make(256 + 3, 0);
	ASK(P_ALL, 77, WEXITED | __WALL);
}

static void stops(void)
{
	int again
		[2]; /* says that it may: a child that has stopped again is not told to have gone on */
	char byte;

	if (pipe(again) != 0)
		exit(1);
	child = fork();
	if (child == 0) {
		raise(SIGSTOP);
		if (read(again[0], &byte, 1) == 1)
			raise(SIGSTOP);
		for (;;)
			nap(1000);
	}
	ASK(P_PID, child, WSTOPPED | WNOWAIT);
	ASK(P_PID, child, WCONTINUED | WNOHANG);
	ASK(P_PID, child, EVERYTHING);
	ASK(P_PID, child, EVERYTHING | WNOHANG);
	kill(child, SIGCONT);
	ASK(P_PID, child, WCONTINUED | WNOWAIT);
	ASK(P_PID, child, WCONTINUED);
	if (write(again[1], "", 1) != 1)
		exit(1);
	ASK(P_PID, child, WSTOPPED | WEXITED);
	kill(child, SIGTERM);
	kill(child, SIGCONT);
	ASK(P_PID, child, WEXITED);
	close(again[0]);
	close(again[1]);
}

static void wrong(void)
{
	ASK(P_ALL, 0, WEXITED);
	make(0, 0);
	ASK(P_ALL, 0, 0);
	ASK(P_ALL, 0, WNOHANG);
	ASK(P_ALL, 0, WEXITED | 0x100);
	ASK(P_PID, 0, WEXITED);
	ASK(P_PID, -1, WEXITED);
	ASK(P_PID, parent, WEXITED);
	ASK(P_PGID, -1, WEXITED);
	ASK(P_PGID, 4000, WEXITED);
	ASK(P_PIDFD, -1, WEXITED);
	ASK(P_PIDFD, 1, WEXITED);
	ASK(P_PIDFD, 99, WEXITED);
	ASK(4, 0, WEXITED);
	ASK(P_ALL, 0, WEXITED | __WCLONE | WNOHANG);
	/* What is told is lost where it can't be written. */
	TRY(syscall(SYS_waitid, P_ALL, 0, -4096l, WEXITED, NULL));
	TRY(syscall(SYS_waitid, P_ALL, 0, NULL, WEXITED, NULL));
	make(0, 0);
	TRY(syscall(SYS_waitid, P_ALL, 0, NULL, WEXITED, -4096l));
	TRY(syscall(SYS_waitid, P_ALL, 0, -4096l, WEXITED, -4096l));
	make(0, 0);
	TRY(syscall(SYS_waitid, P_ALL, 0, NULL, WEXITED, NULL));
}

static void touch_pages(void)
{
	char *p = anon(200 * PAGE);

	for (size_t i = 0; i < 200; i++)
		p[i * PAGE] = 1;
	_exit(0);
}

static void usage(void)
{
	struct rusage rusage = { .ru_minflt = -1 };
	pid_t pid = fork();

	if (pid == 0)
		touch_pages();
	TRY(syscall(SYS_waitid, P_ALL, 0, NULL, WEXITED | WNOWAIT, &rusage));
	say("faults: %s\n",
	    rusage.ru_minflt >= 200 && rusage.ru_minflt < 2000 ? "some" : "none, or too many");
	getrusage(RUSAGE_CHILDREN, &rusage);
	say("counted here: %d\n", rusage.ru_minflt >= 200);
	TRY(waitid(P_PID, (id_t)pid, NULL, WEXITED));
	getrusage(RUSAGE_CHILDREN, &rusage);
	say("counted here: %d\n", rusage.ru_minflt >= 200);
}

/* A child that was waited for counts those that it has waited for itself. */
static void usage_of_grandchild(void)
{
	struct rusage before, after;
	pid_t pid;

	getrusage(RUSAGE_CHILDREN, &before);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0)
			touch_pages();
		wait(NULL);
		_exit(0);
	}
	TRY(syscall(SYS_waitid, P_PID, pid, NULL, WEXITED | WNOWAIT, &after));
	say("a grandchild's faults: %d\n", after.ru_minflt >= 200);
	TRY(waitid(P_PID, (id_t)pid, NULL, WEXITED));
	getrusage(RUSAGE_CHILDREN, &after);
	say("counted here: %d\n", after.ru_minflt - before.ru_minflt >= 200);
}

/* Uses ten milliseconds, 200 pages, and stops. */
static void stop_after_use(void)
{
	struct rusage rusage;
	char *p = anon(200 * PAGE);

	for (size_t i = 0; i < 200; i++)
		p[i * PAGE] = 1;
	do
		getrusage(RUSAGE_SELF, &rusage);
	while (rusage.ru_utime.tv_sec + rusage.ru_stime.tv_sec == 0 &&
	       rusage.ru_utime.tv_usec + rusage.ru_stime.tv_usec < 10000);
	raise(SIGSTOP);
	for (;;)
		nap(1000);
}

static void tell(const char *what, const struct rusage *rusage)
{
	say("%s: time: %d, faults: %d, size: %d\n", what,
	    rusage->ru_utime.tv_sec + rusage->ru_stime.tv_sec > 0 ||
		    rusage->ru_utime.tv_usec + rusage->ru_stime.tv_usec >= 10000,
	    rusage->ru_minflt >= 200 && rusage->ru_minflt < 2000, rusage->ru_maxrss >= 800);
}

/* Each stop tells what the child has used up to then, and so does its going on; to a tracer, too. */
static void usage_of_stopped(bool traced)
{
	struct rusage rusage = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (traced)
			ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		stop_after_use();
	}
	waitid(P_PID, (id_t)pid, NULL, WSTOPPED | WNOWAIT);
	syscall(SYS_waitid, P_PID, pid, NULL, WSTOPPED | WNOWAIT, &rusage);
	tell("stopped", &rusage);
	memset(&rusage, 0, sizeof(rusage));
	wait4(pid, &status, WUNTRACED, &rusage);
	tell("stopped", &rusage);
	if (!traced) {
		kill(pid, SIGCONT);
		memset(&rusage, 0, sizeof(rusage));
		wait4(pid, &status, WCONTINUED, &rusage);
		tell(WIFCONTINUED(status) ? "continued" : "ended", &rusage);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ended("then", status);
}

static void nothing(int sig)
{
	(void)sig;
}

static void interrupted(void)
{
	struct sigaction action = { .sa_handler = nothing };
	long waits;

	sigaction(SIGUSR1, &action, NULL);
	parent = getpid();
	waits = waits_of(parent);
	child = fork();
	if (child == 0) {
		until_it_waits(parent, waits);
		kill(parent, SIGUSR1);
		until_it_waits(parent, waits + 1);
		_exit(9);
	}
	ASK(P_ALL, 0, WEXITED);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	kill(parent, SIGUSR1);
	ASK(P_ALL, 0, WEXITED);
}

int main(void)
{
	parent = getpid();
	ends();
	stops();
	wrong();
	usage();
	usage_of_grandchild();
	usage_of_stopped(false);
	usage_of_stopped(true);
	interrupted();
	return 0;
}
