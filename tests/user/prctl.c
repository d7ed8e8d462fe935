/* SPDX-License-Identifier: MIT */
/* prctl: the name of a process, the signal at its parent's end, flags, and what is only kept. */
#include "t.h"

#include <pthread.h>
#include <sys/prctl.h>

#define BAD ((void *)8)

static void name(void)
{
	char text[17] = "0123456789abcdef";
	char comm[32] = "";

	TRY(prctl(PR_GET_NAME, text));
	say("name '%s'\n", text);
	read(open("/proc/self/comm", O_RDONLY), comm, sizeof(comm) - 1);
	say("comm '%s'\n", comm);
}

static void flags(const char *when)
{
	int sig = -1;

	say("%s:\n", when);
	TRY(prctl(PR_GET_PDEATHSIG, &sig));
	say("signal %d\n", sig);
	TRY(prctl(PR_GET_DUMPABLE));
	TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static void flags_change(char **argv)
{
	char *const again[] = { argv[0], "again", NULL };
	int status;

	flags("at first");
	TRY(prctl(PR_SET_PDEATHSIG, 65));
	TRY(prctl(PR_SET_PDEATHSIG, -1ul));
	TRY(prctl(PR_GET_PDEATHSIG, BAD));
	TRY(prctl(PR_SET_DUMPABLE, 2));
	TRY(prctl(PR_SET_DUMPABLE, -1ul));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1));
	TRY(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
	TRY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1));
	flags("after errors");
	TRY(prctl(PR_SET_PDEATHSIG, 64));
	TRY(prctl(PR_SET_DUMPABLE, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	flags("set");
	if (fork() == 0) {
		flags("child");
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait(&status);
	TRY(prctl(PR_SET_PDEATHSIG, 0));
	TRY(prctl(PR_SET_DUMPABLE, 1));
	flags("set back");
}

/* Its parent ends when it hears from us. */
static void outlive(int to_parent, pid_t parent)
{
	siginfo_t info;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	TRY(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	write(to_parent, "x", 1);
	sig = sigwaitinfo(&set, &info);
	say("signal %d, code %d, %s, %s\n", sig, info.si_code,
	    info.si_pid == parent ? "from the parent" : "from another",
	    getppid() == parent ? "which is there" : "which is gone");
	_exit(0);
}

static void parent_ends(void)
{
	int up[2], end[2], status;
	char byte;

	pipe(up);
	pipe(end);
	if (fork() == 0) {
		pid_t parent = getpid();

		if (fork() == 0)
			outlive(up[1], parent);
		read(up[0], &byte, 1);
		_exit(0);
	}
	wait(&status);
	close(end[1]);
	say("read %zd\n", read(end[0], &byte, 1));
}

/* ---- what is only kept ---- */

/* All 64 bits, of which some versions of prctl() return 32. */
static long timer_slack(void)
{
	return syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
}

static void kept(const char *when)
{
	say("%s:\n", when);
	TRY(timer_slack());
	TRY(prctl(PR_GET_KEEPCAPS));
	TRY(prctl(PR_GET_SECUREBITS));
	TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
}

static void *in_thread(void *unused)
{
	(void)unused;
	TRY(timer_slack());
	TRY(prctl(PR_SET_TIMERSLACK, 99));
	TRY(timer_slack());
	TRY(prctl(PR_SET_TIMERSLACK, 0));
	TRY(timer_slack());
	return NULL;
}

static void kept_changes(char **argv)
{
	char *const again[] = { argv[0], "again", NULL };
	pthread_t thread;
	int status;

	kept("at first");
	TRY(prctl(PR_SET_KEEPCAPS, 2));
	TRY(prctl(PR_SET_KEEPCAPS, -1ul));
	TRY(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0));
	TRY(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 1));
	TRY(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
	TRY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 1));
	kept("after errors");
	TRY(prctl(PR_SET_TIMERSLACK, 1ul << 40, 1, 2, 3));
	TRY(prctl(PR_SET_KEEPCAPS, 1, 1, 2, 3));
	TRY(prctl(PR_SET_THP_DISABLE, 5, 0, 0, 0));
	kept("set");
	TRY(prctl(PR_SET_TIMERSLACK, 777));
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
	if (fork() == 0) {
		kept("child");
		TRY(prctl(PR_SET_TIMERSLACK, 5));
		TRY(prctl(PR_SET_TIMERSLACK, 0));
		kept("what it began with");
		execv("/proc/self/exe", again);
		_exit(1);
	}
	wait(&status);
	TRY(prctl(PR_SET_TIMERSLACK, 0));
	TRY(prctl(PR_SET_KEEPCAPS, 0));
	TRY(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	kept("set back");
}

static void asked(void)
{
	unsigned long at = 0;
	int tid = -1;

	TRY(prctl(PR_CAPBSET_READ, 0));
	TRY(prctl(PR_CAPBSET_READ, 40, 1, 2, 3));
	TRY(prctl(PR_CAPBSET_READ, 41));
	TRY(prctl(PR_CAPBSET_READ, -1ul));
	TRY(prctl(PR_CAPBSET_READ, 1ul << 32));
	syscall(SYS_set_tid_address, &tid);
	TRY(prctl(PR_GET_TID_ADDRESS, &at, 1, 2, 3));
	say("as it was set: %d\n", at == (unsigned long)&tid);
	TRY(prctl(PR_GET_TID_ADDRESS, BAD));
	/* This Linux, too, is built without names for anonymous memory. */
	TRY(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, anon(PAGE), PAGE, "name"));
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1) {
		flags("after execve");
		kept("and the rest");
		return 0;
	}
	name();
	TRY(prctl(PR_SET_NAME, "short"));
	name();
	TRY(prctl(PR_SET_NAME, "0123456789abcdefghij"));
	name();
	TRY(prctl(PR_SET_NAME, ""));
	name();
	TRY(prctl(PR_SET_NAME, BAD));
	TRY(prctl(PR_GET_NAME, BAD));
	TRY(prctl(999));
	TRY(prctl(PR_SET_NAME, "inherited"));
	if (fork() == 0) {
		name();
		_exit(0);
	}
	wait(&status);
	flags_change(argv);
	parent_ends();
	kept_changes(argv);
	if (fork() == 0) {
		asked();
		_exit(0);
	}
	wait(&status);
	return 0;
}
