/* SPDX-License-Identifier: MIT */
/* R150. clone by its number: which flags fit together, and threads with odd stacks, words and thread pointers. */
#include "thread.h"

#include <linux/futex.h>

#define A_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/*
 * The child stores to its stack, if that is not its parent's, and ends: it never returns into C, so
 * any stack and any thread pointer will do.
 */
static long raw_clone(unsigned long flags, void *stack, void *parent_tid, void *tls,
		      void *child_tid)
{
	register unsigned long a0 asm("a0") = flags;
	register void *a1 asm("a1") = stack;
	register void *a2 asm("a2") = parent_tid;
	register void *a3 asm("a3") = tls;
	register void *a4 asm("a4") = child_tid;
	register long a7 asm("a7") = SYS_clone;

	asm volatile("ecall\n"
		     "bnez a0, 1f\n"
		     "beqz a1, 2f\n"
		     "sd zero, -16(sp)\n"
		     "2:\n"
		     "li a7, 93\n"
		     "ecall\n"
		     "1:\n"
		     : "+r"(a0), "+r"(a7)
		     : "r"(a1), "r"(a2), "r"(a3), "r"(a4)
		     : "memory");
	if ((long)a0 < 0) {
		errno = (int)-a0;
		return -1;
	}
	return (long)a0;
}

static bool is_there(long tid)
{
	return syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}

static void tell(const char *what, unsigned long flags, long tid)
{
	int status = -1;

	if (tid < 0) {
		say("%s: %s\n", what, strerrorname_np(errno));
	} else if (flags & CLONE_THREAD) {
		while (is_there(tid))
			sched_yield();
		say("%s: a thread; to wait for: %s\n", what,
		    waitpid((pid_t)tid, &status, __WALL) == -1 ? strerrorname_np(errno) : "yes");
	} else {
		say("%s: a child%s", what,
		    waitpid((pid_t)tid, &status, __WALL) == tid ? "" : ", lost");
		ended("", status);
	}
}

static void with(const char *what, unsigned long flags)
{
	char *stack = anon(4 * PAGE);

	tell(what, flags, raw_clone(flags, stack + 4 * PAGE, NULL, NULL, NULL));
	munmap(stack, 4 * PAGE);
}
#define WITH(flags) with(#flags, flags)

static void flags(void)
{
	WITH(CLONE_THREAD);
	WITH(CLONE_THREAD | CLONE_VM);
	WITH(CLONE_THREAD | CLONE_SIGHAND);
	WITH(CLONE_SIGHAND);
	WITH(CLONE_SIGHAND | CLONE_FS | CLONE_FILES);
	WITH(CLONE_FS | CLONE_NEWNS);
	WITH(A_THREAD | CLONE_NEWUSER);
	WITH(A_THREAD | CLONE_NEWPID);
	WITH(A_THREAD | CLONE_NEWNS);
	WITH(A_THREAD);
	WITH(A_THREAD | SIGCHLD);
	WITH(A_THREAD | CLONE_DETACHED);
	WITH(A_THREAD | CLONE_PARENT);
	WITH(A_THREAD | CLONE_PTRACE);
	WITH(A_THREAD | CLONE_UNTRACED);
	WITH(A_THREAD | CLONE_IO);
	WITH(A_THREAD | CLONE_VFORK);
	WITH(CLONE_VM | SIGCHLD);
	WITH(CLONE_VM | CLONE_VFORK);
}

/* ---- stacks ---- */

static int dies_of_stack(void *stack)
{
	long tid = raw_clone(A_THREAD, stack, NULL, NULL, NULL);

	if (tid < 0)
		return 1;
	wait_for_ever();
	return 2;
}

static void stacks(void)
{
	char *stack = anon(4 * PAGE);

	in_child("stack 16", dies_of_stack, (void *)16);
	in_child("the kernel's", dies_of_stack, (void *)0xffffffc000000000);
	in_child("unmapped", dies_of_stack, before_hole(1) + 2 * PAGE);
	tell("none", A_THREAD, raw_clone(A_THREAD, NULL, NULL, NULL, NULL));
	tell("not a multiple of 16", A_THREAD,
	     raw_clone(A_THREAD, stack + PAGE + 8, NULL, NULL, NULL));
}

/* ---- words and thread pointers ---- */

static pid_t shown(pid_t word, long tid)
{
	return word == tid ? 1 : word == 0 ? 0 : -1;
}

static void words(void)
{
	const unsigned long set = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID;
	pid_t *word = (pid_t *)anon(PAGE), *locked = (pid_t *)anon(PAGE), *hole;
	char *stack = anon(4 * PAGE) + 4 * PAGE;
	long tid;

	hole = (pid_t *)(before_hole(1) + PAGE);
	MUST(mprotect(locked, PAGE, PROT_READ));
	tid = raw_clone(A_THREAD | set, stack, word, NULL, word + 1);
	tell("both set", A_THREAD, tid);
	say("%d %d\n", shown(word[0], tid), shown(word[1], tid));
	word[0] = word[1] = -1;
	tid = raw_clone(A_THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, stack, word, NULL,
			word + 1);
	tell("set and cleared", A_THREAD, tid);
	say("%d %d\n", shown(word[0], tid), shown(word[1], tid));
	word[0] = -1;
	tid = raw_clone(A_THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, stack, word, NULL,
			word);
	tell("the same word", A_THREAD, tid);
	say("%d\n", shown(word[0], tid));
	tell("set in a hole", A_THREAD, raw_clone(A_THREAD | set, stack, hole, NULL, hole));
	tell("set in read-only memory", A_THREAD,
	     raw_clone(A_THREAD | set, stack, locked, NULL, locked));
	tell("set in the kernel", A_THREAD,
	     raw_clone(A_THREAD | set, stack, (void *)0xffffffc000000000, NULL,
		       (void *)0xffffffc000000000));
	tell("set at null", A_THREAD, raw_clone(A_THREAD | set, stack, NULL, NULL, NULL));
	tell("a thread pointer of rubbish", A_THREAD,
	     raw_clone(A_THREAD | CLONE_SETTLS, stack, NULL, (void *)0xdeadbeefdeadbeef, NULL));
}

/* A thread that waits for the word of another, as pthread_join() does. */
static void joins(void)
{
	static pid_t word;
	int woken = 0;
	char *stack = anon(4 * PAGE) + 4 * PAGE;

	for (int i = 0; i < 50; i++) {
		pid_t now;

		word = -1;
		if (raw_clone(A_THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, stack, &word,
			      NULL, &word) < 0)
			return;
		while ((now = __atomic_load_n(&word, __ATOMIC_SEQ_CST)) != 0)
			syscall(SYS_futex, &word, FUTEX_WAIT, now, NULL, NULL, 0);
		woken++;
	}
	say("%d joined\n", woken);
}

int main(void)
{
	flags();
	stacks();
	words();
	joins();
	return 0;
}
