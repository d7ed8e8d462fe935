/* SPDX-License-Identifier: MIT */
/* R27 R29 R60: clone writes the child's number into the child's memory, whatever state that is in,
 * and not the parent's. */
#include "t.h"

#define SET   0x01000000 /* CLONE_CHILD_SETTID */
#define CLEAR 0x00200000 /* CLONE_CHILD_CLEARTID */

static long fork_with(unsigned long flags, void *tid)
{
	return syscall(SYS_clone, flags, 0, 0, 0, tid);
}

static void set(const char *what, int *tid, int readable)
{
	int status;
	pid_t pid = (pid_t)fork_with(SIGCHLD | SET, tid);

	if (pid == 0)
		_exit(!readable ? 7 : *tid == (int)syscall(SYS_getpid) ? 5 : *tid == 0 ? 6 : 8);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		result(what, -1);
	else
		ended(what, status);
	if (readable)
		say("  the parent's: %d\n", *tid);
}

int main(void)
{
	char *p = anon(8 * PAGE), *hole = before_hole(1) + PAGE;
	int status;
	pid_t pid;

	set("untouched", (int *)p, 1);
	p[PAGE] = 0;
	set("to be copied", (int *)(p + PAGE), 1);
	set("over two pages", (int *)(p + 3 * PAGE - 2), 1);
	mprotect(p + 4 * PAGE, PAGE, PROT_READ);
	set("read-only", (int *)(p + 4 * PAGE), 1);
	set("in a hole", (int *)hole, 0);
	set("null", NULL, 0);
	set("kernel", (int *)0xffffffd000000000, 0);
	p[5 * PAGE] = 9;
	pid = (pid_t)fork_with(SIGCHLD | CLEAR, p + 5 * PAGE);
	if (pid == 0)
		_exit(p[5 * PAGE]);
	TRY(waitpid(pid, &status, 0) == pid);
	ended("clears at its end, its own memory", status);
	say("the parent's: %d\n", p[5 * PAGE]);
	pid = (pid_t)fork_with(SIGCHLD | CLEAR, hole);
	if (pid == 0)
		_exit(3);
	TRY(waitpid(pid, &status, 0) == pid);
	ended("clears a hole", status);
	TRY(syscall(SYS_clone, 0x00010000 | SIGCHLD, 0, 0, 0,
		    0)); /* a thread, without shared handlers */
	TRY(syscall(SYS_clone, 0x00000800 | SIGCHLD, 0, 0, 0,
		    0)); /* shared handlers, without memory */
	return 0;
}
