/* SPDX-License-Identifier: MIT */
/* rt_sigprocmask, tkill and tgkill: what is blocked waits, over fork and exec too; abort() ends by
 * SIGABRT, and a write to a broken pipe is EPIPE where SIGPIPE is blocked. */
#include "t.h"

static uint64_t bit(int sig)
{
	return 1ul << (sig - 1);
}

static long mask(int how, uint64_t set)
{
	return syscall(SYS_rt_sigprocmask, how, &set, NULL, 8);
}

static uint64_t masked(void)
{
	uint64_t set = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &set, 8);
	return set;
}

static int waits_blocked(void *unused)
{
	(void)unused;
	mask(SIG_BLOCK, bit(SIGTERM));
	kill(getpid(), SIGTERM);
	say("blocked, it waits\n");
	mask(SIG_UNBLOCK, bit(SIGTERM));
	say("not reached\n");
	return 1;
}

static int two_wait(void *unused)
{
	(void)unused;
	mask(SIG_SETMASK, bit(SIGTERM) | bit(SIGHUP));
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGHUP);
	mask(SIG_SETMASK, 0);
	return 1;
}

static int cannot_block(void *unused)
{
	(void)unused;
	mask(SIG_SETMASK, -1ul);
	say("all but SIGKILL and SIGSTOP: %d\n", masked() == ~(bit(SIGKILL) | bit(SIGSTOP)));
	kill(getpid(), SIGKILL);
	return 1;
}

static int fault_blocked(void *unused)
{
	(void)unused;
	mask(SIG_SETMASK, -1ul);
	return *(volatile char *)(uintptr_t)getpagesize();
}

static int broken_pipe(void *unused)
{
	int p[2];

	(void)unused;
	mask(SIG_BLOCK, bit(SIGPIPE));
	TRY(pipe(p));
	TRY(close(p[0]));
	TRY(write(p[1], "x", 1));
	mask(SIG_UNBLOCK, bit(SIGPIPE));
	return 1;
}

static int aborts(void *unused)
{
	(void)unused;
	abort();
}

static int thread_kill(void *unused)
{
	(void)unused;
	TRY(syscall(SYS_tkill, 0, SIGTERM));
	TRY(syscall(SYS_tkill, 999999, SIGTERM));
	TRY(syscall(SYS_tkill, getpid(), 65));
	TRY(syscall(SYS_tkill, getpid(), 0));
	TRY(syscall(SYS_tgkill, -1, getpid(), SIGTERM));
	TRY(syscall(SYS_tgkill, getppid(), getpid(), SIGTERM));
	TRY(syscall(SYS_tgkill, 999999, 999999, SIGTERM));
	TRY(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR2));
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t set = 1;
	char *args[] = { argv[0], "again", NULL };

	if (argc > 1) {
		say("kept by exec: %d\n", masked() == bit(SIGUSR1));
		return 0;
	}
	say("at first: %#lx\n", masked());
	in_child("one waits", waits_blocked, NULL);
	in_child("two wait, the lower number comes first", two_wait, NULL);
	in_child("SIGKILL", cannot_block, NULL);
	in_child("a fault", fault_blocked, NULL);
	in_child("broken pipe", broken_pipe, NULL);
	in_child("abort", aborts, NULL);
	in_child("tkill and tgkill", thread_kill, NULL);
	TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4));
	TRY(syscall(SYS_rt_sigprocmask, 77, &set, NULL, 8));
	TRY(syscall(SYS_rt_sigprocmask, 77, NULL, &set, 8));
	TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8));
	TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, 8));
	mask(SIG_SETMASK, bit(SIGUSR1));
	execv(argv[0], args);
	return 1;
}
