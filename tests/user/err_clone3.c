/* SPDX-License-Identifier: MIT */
/* Each error of clone3, and what it makes: a process, one whose handlers are reset, one on a stack of its own. */
#include "t.h"

#include <pthread.h>

struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup, later[4];
};

#define VER0 64
#define ALL  sizeof(struct args)

#define THREAD_WITHOUT_HANDLERS 0x00010000
#define HANDLERS_WITHOUT_VM	0x00000800
#define PARENT			0x00008000
#define DETACHED		0x00400000
#define CLEAR_HANDLERS		0x100000000
#define NO_FLAG			0x800000000

static long clone3(const struct args *args, size_t size)
{
	return syscall(SYS_clone3, args, size);
}

static void sizes(void)
{
	struct args args = { .exit_signal = SIGCHLD };
	char *page = mmap(NULL, 2 * PAGE, RW, ANON, -1, 0);

	TRY(clone3(&args, 0));
	TRY(clone3(&args, VER0 - 1));
	TRY(clone3(&args, PAGE + 1));
	TRY(clone3((struct args *)8, VER0));
	TRY(clone3(NULL, ALL));
	args.later[3] = 1;
	TRY(clone3(&args, ALL));
	munmap(page + PAGE, PAGE);
	TRY(clone3((struct args *)(page + PAGE - VER0), ALL));
	TRY(clone3((struct args *)(page + PAGE - 88), 96));
}

static void try_flags(const char *what, uint64_t flags, uint64_t exit_signal)
{
	struct args args = { .flags = flags, .exit_signal = exit_signal };

	result(what, clone3(&args, VER0));
}

static void flags(void)
{
	struct args args = { .exit_signal = SIGCHLD, .stack = 0x10000 };
	int ids[2];

	try_flags("clone3 with a flag that there is not", NO_FLAG, SIGCHLD);
	try_flags("clone3 with the exit signal in the flags", SIGCHLD, 0);
	try_flags("clone3 with CLONE_DETACHED", DETACHED, SIGCHLD);
	try_flags("clone3 with a signal that there is not", 0, 65);
	try_flags("clone3 with CLONE_PARENT and an exit signal", PARENT, SIGCHLD);
	try_flags("clone3 with CLONE_THREAD alone", THREAD_WITHOUT_HANDLERS, 0);
	try_flags("clone3 with CLONE_SIGHAND alone", HANDLERS_WITHOUT_VM, 0);
	try_flags("clone3 with CLONE_SIGHAND and CLONE_CLEAR_SIGHAND",
		  HANDLERS_WITHOUT_VM | CLEAR_HANDLERS, 0);
	result("clone3 with a stack without a size", clone3(&args, VER0));
	args.stack = 0;
	args.stack_size = PAGE;
	result("clone3 with a size without a stack", clone3(&args, VER0));
	args.stack = -(uint64_t)PAGE;
	result("clone3 with a stack in the kernel", clone3(&args, VER0));
	args.stack = args.stack_size = 0;
	args.set_tid_size = 33;
	result("clone3 with 33 ids", clone3(&args, 80));
	ids[0] = ids[1] = 1;
	args.set_tid = (uintptr_t)ids;
	args.set_tid_size = 2;
	result("clone3 with an id in a space of pids that there is not", clone3(&args, 80));
	args.set_tid = 0;
	args.set_tid_size = 1;
	result("clone3 with the place of an id, and none", clone3(&args, 80));
}

static void ignore(int sig)
{
	(void)sig;
}

/* What SIGUSR1 and SIGUSR2 do in the child: 1: handled; 2: ignored; 0: by default. */
static int action_of(int sig)
{
	struct sigaction action;

	sigaction(sig, NULL, &action);
	return action.sa_handler == SIG_DFL ? 0 : action.sa_handler == SIG_IGN ? 2 : 1;
}

static void child_with(const char *what, uint64_t more)
{
	int tid = 0, status;
	struct args args = { .flags = 0x01100000 | more, /* CLONE_CHILD_SETTID and PARENT_SETTID */
			     .exit_signal = SIGCHLD,
			     .child_tid = (uintptr_t)&tid,
			     .parent_tid = (uintptr_t)&tid };
	long pid = clone3(&args, ALL);

	if (pid == 0)
		_exit((tid != gettid()) << 4 | action_of(SIGUSR1) << 2 | action_of(SIGUSR2));
	wait4((pid_t)pid, &status, 0, NULL);
	say("%s: status %x, the parent's word is %s\n", what, status,
	    tid == pid ? "the pid" : "another");
}

/* The child has all registers of its parent but a0: its status is the number of those that it lacks. */
static void registers(void)
{
	const struct args args = { .exit_signal = SIGCHLD };
	register long a0 __asm__("a0") = (long)&args;
	register long a1 __asm__("a1") = VER0;
	register long a7 __asm__("a7") = SYS_clone3;
	long lacks;
	int status;

	__asm__ volatile("mv s1, gp\n"
			 "li s2, 1002\n li s3, 1003\n li s4, 1004\n li s5, 1005\n li s6, 1006\n"
			 "li s7, 1007\n li s8, 1008\n li s9, 1009\n li s10, 1010\n li s11, 1011\n"
			 "ecall\n"
			 "sub s1, s1, gp\n snez %[lacks], s1\n"
			 "add s2, s2, s3\n add s2, s2, s4\n add s2, s2, s5\n add s2, s2, s6\n"
			 "add s2, s2, s7\n add s2, s2, s8\n add s2, s2, s9\n add s2, s2, s10\n"
			 "add s2, s2, s11\n li s3, 10065\n sub s2, s2, s3\n snez s2, s2\n"
			 "add %[lacks], %[lacks], s2\n"
			 : "+r"(a0), [lacks] "=&r"(lacks)
			 : "r"(a1), "r"(a7)
			 : "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
			   "memory");
	if (a0 == 0)
		_exit((int)lacks);
	wait4((pid_t)a0, &status, 0, NULL);
	say("registers: the parent lacks %ld, the child's status is %x\n", lacks, status);
}

static void *thread_main(void *arg)
{
	*(int *)arg = gettid() != getpid();
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int another = 0;

	sizes();
	flags();
	signal(SIGUSR1, ignore);
	signal(SIGUSR2, SIG_IGN);
	child_with("a child", 0);
	child_with("a child without handlers", CLEAR_HANDLERS);
	registers();
	pthread_create(&thread, NULL, thread_main, &another); /* the C library asks with clone3 */
	pthread_join(thread, NULL);
	say("a thread: %d\n", another);
	return 0;
}
