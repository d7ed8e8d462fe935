/* SPDX-License-Identifier: MIT */
/* What the tests of ptrace share: the call as it is, what a wait says in words, and the tracee's registers. */
#ifndef TESTS_USER_TRACED_H
#define TESTS_USER_TRACED_H

#include "t.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

enum {
	TRACEME = 0,
	PEEKTEXT = 1,
	PEEKDATA = 2,
	PEEKUSER = 3,
	POKETEXT = 4,
	POKEDATA = 5,
	CONT = 7,
	KILL = 8,
	SINGLESTEP = 9,
	GETREGS = 12,
	ATTACH = 16,
	DETACH = 17,
	CALL = 24, /* PTRACE_SYSCALL */
	SETOPTIONS = 0x4200,
	GETEVENTMSG,
	GETSIGINFO,
	SETSIGINFO,
	GETREGSET,
	SETREGSET,
	SEIZE,
	INTERRUPT,
	LISTEN,
	PEEKSIGINFO,
	GETSIGMASK,
	SETSIGMASK,
	GETCALL = 0x420e, /* PTRACE_GET_SYSCALL_INFO */
};

enum { EV_FORK = 1, EV_VFORK, EV_CLONE, EV_EXEC, EV_VFORK_DONE, EV_EXIT, EV_STOP = 128 };

#define O_GOOD	   1ul
#define O_OF(ev)   (1ul << (ev))
#define O_EXITKILL 0x100000ul

/* Of NT_PRSTATUS; x[n] is register n + 1. */
struct regs {
	uint64_t pc, x[31];
};
#define X(n) x[(n)-1]
enum { SP = 2, A0 = 10, A1 = 11, A2 = 12, A7 = 17 };

__attribute__((unused)) static long ptrace(long request, pid_t pid, unsigned long addr,
					   unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

__attribute__((unused)) static struct regs regs_of(pid_t pid)
{
	struct regs regs = { 0 };
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(GETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov))
		result("registers", -1);
	return regs;
}

__attribute__((unused)) static void set_regs(pid_t pid, struct regs regs)
{
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(SETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov))
		result("set registers", -1);
}

__attribute__((unused)) static unsigned long message_of(pid_t pid)
{
	unsigned long message = ~0ul;

	if (ptrace(GETEVENTMSG, pid, 0, (unsigned long)&message))
		result("message", -1);
	return message;
}

__attribute__((unused)) static void tell_status(const char *what, int status)
{
	static const char *const events[] = { "?",    "fork",	    "vfork", "clone",
					      "exec", "vfork done", "exit" };

	if (!WIFSTOPPED(status)) {
		if (WIFCONTINUED(status))
			say("%s: goes on\n", what);
		else
			ended(what, status);
	} else if (status >> 16 == EV_STOP) {
		say("%s: event stop SIG%s\n", what, sigabbrev_np(WSTOPSIG(status)));
	} else if (status >> 16) {
		say("%s: event %s SIG%s\n", what, events[status >> 16 < 7 ? status >> 16 : 0],
		    sigabbrev_np(WSTOPSIG(status)));
	} else if (WSTOPSIG(status) & 0x80) {
		say("%s: call\n", what);
	} else {
		say("%s: stopped SIG%s\n", what, sigabbrev_np(WSTOPSIG(status)));
	}
}

/* Waits for one, and says what has happened. Returns the status; -1: the wait failed. */
__attribute__((unused)) static int news(const char *what, pid_t pid)
{
	int status = -1;
	pid_t got = waitpid(pid, &status, __WALL);

	if (got != pid) {
		result(what, got < 0 ? -1 : got);
		return -1;
	}
	tell_status(what, status);
	return status;
}

/* Says nothing if it can: the tracee may say something at the same time. */
__attribute__((unused)) static void go_on(pid_t pid, int sig)
{
	if (ptrace(CONT, pid, 0, (unsigned long)sig))
		result("cont", -1);
}

/* What there is at once. */
__attribute__((unused)) static void news_now(const char *what, pid_t pid, int options)
{
	int status = -1;
	pid_t got = waitpid(pid, &status, __WALL | WNOHANG | options);

	if (got == pid)
		tell_status(what, status);
	else if (got == 0)
		say("%s: nothing\n", what);
	else
		result(what, -1);
}

__attribute__((unused)) static void tell_info(const char *what, pid_t pid)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (ptrace(GETSIGINFO, pid, 0, (unsigned long)&info)) {
		result(what, -1);
		return;
	}
	say("%s: SIG%s code %#x%s%s\n", what, sigabbrev_np(info.si_signo), info.si_code,
	    info.si_pid == pid ? " of itself" : "",
	    info.si_pid == getpid() ? " of its tracer" : "");
}

__attribute__((unused)) static char state_of(pid_t pid)
{
	char path[40], text[512], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return '-';
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	return at ? at[2] : '?';
}

/* The state, and whether the tracer is the caller. */
__attribute__((unused)) static void tell_state(const char *what, pid_t pid)
{
	long tracer = number_in_status(pid, "TracerPid");

	say("%s: state %c, tracer %s\n", what, state_of(pid),
	    tracer == 0		 ? "none"
	    : tracer == getpid() ? "this"
				 : "another");
}

/* A child that asks to be traced, stops by SIGSTOP, and then runs f. */
__attribute__((unused)) static pid_t traced_child(void (*f)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(TRACEME, 0, 0, 0))
			_exit(90);
		raise(SIGSTOP);
		f();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
		say("no traced child\n");
	return pid;
}

/* A child that is not traced, and sleeps. */
__attribute__((unused)) static pid_t sleeping_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	while (state_of(pid) != 'S')
		nap(1);
	return pid;
}

__attribute__((unused)) static void end_of(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		;
}

#endif
