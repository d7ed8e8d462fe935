/* SPDX-License-Identifier: MIT */
/* rt_sigaction with SIG_DFL and SIG_IGN: what it tells and refuses, what an ignored signal does, over fork and
 * exec, and that children of who ignores SIGCHLD are not waited for. */
#include "t.h"

#define BAD ((void *)8)

/* The kernel's, which is not glibc's. */
struct action {
	unsigned long handler, flags, mask;
};

static long act(int sig, unsigned long handler, unsigned long flags, unsigned long mask)
{
	struct action action = { handler, flags, mask };

	return syscall(SYS_rt_sigaction, sig, &action, NULL, 8);
}

static void tell(int sig)
{
	struct action old = { 7, 7, 7 };

	if (syscall(SYS_rt_sigaction, sig, NULL, &old, 8) == 0)
		say("%d: handler %lu, flags %#lx, mask %#lx\n", sig, old.handler, old.flags,
		    old.mask);
}

static void errors(void)
{
	struct action ignore = { 1, 0, 0 };

	TRY(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, -1, NULL, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, SIGINT, NULL, NULL, 4));
	TRY(syscall(SYS_rt_sigaction, SIGKILL, NULL, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, SIGKILL, &ignore, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, SIGSTOP, &ignore, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, SIGINT, BAD, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, 65, BAD, NULL, 8));
	TRY(syscall(SYS_rt_sigaction, SIGINT, NULL, BAD, 8));
	tell(SIGINT);
	TRY(syscall(SYS_rt_sigaction, SIGINT, &ignore, BAD, 8));
	tell(SIGINT); /* it was done all the same */
	TRY(syscall(SYS_rt_sigaction, SIGINT, &ignore, &ignore, 8));
	say("before: %lu\n", ignore.handler);
}

static void keeps(void)
{
	TRY(act(SIGUSR1, 1, 0xffffffffffffffff, -1ul));
	tell(SIGUSR1);
	TRY(act(SIGUSR1, 0, 0x10000000, 2));
	tell(SIGUSR1);
	TRY(act(64, 1, 0, 0));
	tell(64);
	tell(63);
}

static int ignores(void *unused)
{
	(void)unused;
	TRY(act(SIGTERM, 1, 0, 0));
	TRY(kill(getpid(), SIGTERM));
	say("ignored\n");
	TRY(act(SIGTERM, 0, 0, 0));
	TRY(kill(getpid(), SIGTERM));
	return 1;
}

/* A blocked signal waits, ignored or not; ignoring it drops it. */
static int drops(void *unused)
{
	uint64_t set = 1ul << (SIGTERM - 1);

	(void)unused;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	TRY(kill(getpid(), SIGTERM));
	TRY(act(SIGTERM, 1, 0, 0));
	TRY(act(SIGTERM, 0, 0, 0));
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	say("dropped\n");
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	TRY(act(SIGTERM, 1, 0, 0));
	TRY(kill(getpid(), SIGTERM));
	TRY(act(SIGTERM, 0, 0, 0));
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	say("not reached\n");
	return 1;
}

static int breaks_a_pipe(void *unused)
{
	int p[2];

	(void)unused;
	TRY(act(SIGPIPE, 1, 0, 0));
	TRY(pipe(p));
	TRY(close(p[0]));
	TRY(write(p[1], "x", 1));
	return 0;
}

static int faults(void *unused)
{
	(void)unused;
	TRY(act(SIGSEGV, 1, 0, 0));
	return *(volatile char *)(uintptr_t)getpagesize();
}

/* Children vanish; wait4 sleeps until there are none. */
static int leaves_children(void *how)
{
	pid_t pid, self = getpid();
	long before = waits_of(self);

	TRY(act(SIGCHLD, how ? 0 : 1, how ? 2 : 0, 0));
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			if (i > 0)
				until_it_waits(self, before);
			_exit(i);
		}
	TRY(wait(NULL));
	TRY(act(SIGCHLD, 0, 0, 0));
	pid = fork();
	if (pid == 0)
		_exit(4);
	TRY(waitpid(pid, NULL, 0) == pid);
	return 0;
}

static int in_a_fork(void *unused)
{
	(void)unused;
	tell(SIGUSR2);
	return 0;
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "again", NULL };

	if (argc > 1) {
		tell(SIGUSR2);
		tell(SIGHUP);
		TRY(kill(getpid(), SIGUSR2));
		return 0;
	}
	errors();
	keeps();
	in_child("ignored, then not", ignores, NULL);
	in_child("what waits is dropped", drops, NULL);
	in_child("a broken pipe", breaks_a_pipe, NULL);
	in_child("a fault", faults, NULL);
	in_child("SIGCHLD ignored", leaves_children, NULL);
	in_child("SA_NOCLDWAIT", leaves_children, "flag");
	TRY(act(SIGUSR2, 1, 0x10000000, 1));
	TRY(act(SIGHUP, 0, 0x10000000, 1));
	in_child("kept by fork", in_a_fork, NULL);
	execv(argv[0], args);
	return 1;
}
