/* SPDX-License-Identifier: MIT */
/* In which order signals come that wait together: faults' kinds first, what was sent to the thread before what was sent
 * to the process, the lowest number of these; rt_tgsigqueueinfo; what sigqueue's receiver is told; RLIMIT_SIGPENDING. */
#include "t.h"

#include <stdbool.h>

#define BAD ((void *)8)

static int came[32];
static size_t count;
static siginfo_t last;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	last = *info;
	came[count++ % 32] = sig;
}

static void show(const char *what)
{
	char line[200] = "";

	for (size_t i = 0; i < count; i++)
		sprintf(line + strlen(line), " %d", came[i]);
	say("%s:%s\n", what, line);
	count = 0;
}

static void catch_all(bool one_at_a_time)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };

	if (one_at_a_time)
		sigfillset(&action.sa_mask);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		sigaction(sig, &action, NULL); /* (three of them can't be) */
}

static void block(bool all)
{
	sigset_t set;

	sigemptyset(&set);
	if (all)
		sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void to_process(int sig)
{
	kill(getpid(), sig);
}

static void value(int sig, int n)
{
	TRY(sigqueue(getpid(), sig, (union sigval){ .sival_int = n }));
}

/* Handlers that do not block the rest run the other way round: each interrupts the one before. */
static void order(bool one_at_a_time)
{
	catch_all(one_at_a_time);
	block(true);
	to_process(SIGHUP);
	to_process(SIGSEGV);
	to_process(SIGUSR1);
	to_process(SIGBUS);
	to_process(SIGSYS);
	block(false);
	show("faults' kinds first");
	block(true);
	to_process(SIGUSR1);
	to_process(SIGINT);
	raise(SIGUSR2);
	raise(SIGTERM);
	block(false);
	show("the thread's first");
	block(true);
	to_process(SIGUSR1);
	to_process(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	block(false);
	show("once each");
	block(true);
	to_process(40);
	raise(41);
	to_process(39);
	raise(40);
	raise(40);
	to_process(40);
	block(false);
	show("real-time");
}

static void take_all(void)
{
	struct timespec now = { 0, 0 };
	siginfo_t info;
	sigset_t all;
	int sig;

	sigfillset(&all);
	while ((sig = sigtimedwait(&all, &info, &now)) > 0)
		say("took %d, code %d, pid %s, value %d\n", sig, info.si_code,
		    info.si_pid == getpid() ? "ours"
		    : info.si_pid	    ? "another"
					    : "none",
		    info.si_value.sival_int);
	say("no more: %s\n", strerrorname_np(errno));
}

static void waited(void)
{
	sigset_t set;

	block(true);
	to_process(SIGUSR1);
	raise(SIGUSR2);
	raise(SIGUSR1);
	value(40, 5);
	raise(40);
	take_all();
	raise(SIGCONT);
	to_process(SIGTSTP); /* stops and SIGCONT undo each other wherever they wait */
	sigpending(&set);
	say("CONT %d TSTP %d\n", sigismember(&set, SIGCONT), sigismember(&set, SIGTSTP));
	to_process(SIGCONT);
	sigpending(&set);
	say("CONT %d TSTP %d\n", sigismember(&set, SIGCONT), sigismember(&set, SIGTSTP));
	take_all();
	raise(SIGUSR1);
	to_process(SIGUSR1);
	signal(SIGUSR1, SIG_IGN); /* drops both */
	take_all();
	catch_all(false);
	block(false);
}

/* A reader is gone: told to the thread. */
static void broken_pipe(void)
{
	int fds[2];

	if (pipe(fds) != 0)
		return;
	close(fds[0]);
	block(true);
	to_process(SIGHUP);
	TRY(write(fds[1], "x", 1));
	block(false);
	close(fds[1]);
	show("SIGPIPE");
}

static void told(void)
{
	siginfo_t info = { .si_code = SEGV_ACCERR, .si_addr = (void *)0x123456789a };
	int me = getpid();

	TRY(syscall(SYS_rt_sigqueueinfo, me, SIGSEGV, &info));
	say("SIGSEGV: code %d at %p\n", last.si_code, last.si_addr);
	info.si_code = SI_QUEUE;
	info.si_errno = 5;
	info.si_pid = 77;
	info.si_uid = 1234;
	info.si_value.sival_ptr = (void *)0xfedcba9876543210;
	TRY(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, &info));
	say("SIGUSR1: errno %d, code %d, pid %d, uid %u, value %p\n", last.si_errno, last.si_code,
	    last.si_pid, last.si_uid, last.si_value.sival_ptr);
	TRY(syscall(SYS_rt_tgsigqueueinfo, me, me, 0, &info));
	TRY(syscall(SYS_rt_tgsigqueueinfo, me, me, 65, &info));
	TRY(syscall(SYS_rt_tgsigqueueinfo, me, 0, SIGUSR1, &info));
	TRY(syscall(SYS_rt_tgsigqueueinfo, 0, me, SIGUSR1, &info));
	TRY(syscall(SYS_rt_tgsigqueueinfo, me, 32000, SIGUSR1, &info));
	TRY(syscall(SYS_rt_tgsigqueueinfo, 1, me, SIGUSR1, &info));
	TRY(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, BAD));
	info.si_code = SI_USER;
	TRY(syscall(SYS_rt_tgsigqueueinfo, 1, 1, SIGUSR1, &info));
	info.si_code = SI_TKILL;
	TRY(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, &info));
	count = 0;
}

/* The one that comes first ends it. */
static int ends_by(void *kinds)
{
	for (int sig = 1; sig <= 31; sig++)
		signal(sig, SIG_DFL);
	block(true);
	to_process(SIGHUP);
	if (strchr(kinds, 't'))
		raise(SIGUSR2);
	if (strchr(kinds, 'f'))
		to_process(SIGSEGV);
	block(false);
	return 1;
}

/* It counts what is kept with its facts. kill() is never refused, but who sent it may be lost. */
static void limit(void)
{
	struct rlimit three = { 3, 3 };
	siginfo_t info = { 0 };

	TRY(setrlimit(RLIMIT_SIGPENDING, &three));
	block(true);
	for (int i = 0; i < 5; i++)
		value(45, i);
	value(SIGUSR2, 9);
	to_process(46);
	to_process(SIGTERM);
	info.si_code = SI_QUEUE;
	TRY(syscall(SYS_tkill, getpid(), 47));
	TRY(syscall(SYS_tgkill, getpid(), getpid(), 47));
	TRY(syscall(SYS_rt_sigqueueinfo, getpid(), 47, &info));
	TRY(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), 47, &info));
	TRY(raise(SIGHUP));
	take_all();
	value(45, 6);
	take_all();
}

int main(void)
{
	order(false);
	order(true);
	waited();
	broken_pipe();
	told();
	in_child("one", ends_by, "");
	in_child("and to the thread", ends_by, "t");
	in_child("and a fault's kind", ends_by, "f");
	in_child("and both", ends_by, "tf");
	limit();
	return 0;
}
