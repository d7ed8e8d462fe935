/* SPDX-License-Identifier: MIT */
/* Budget: fork and exec of a program that looks at its own counters first of all (R67, R70, R125). */
#include "budget.h"

static char *path;

static void exec_self(void)
{
	char *argv[] = { path, "again", 0 }, *envp[] = { 0 };

	sys_execve(path, argv, envp);
}

static void fork_exec(void)
{
	in_child(exec_self);
}

static void after_exec(void)
{
	/*
	 * In a fresh image: the kernel wrote the arguments to the stack, which is a FILL through the
	 * same path as any (a frame). The first instruction is a FILL of the page of text, which is in
	 * the file's object (resident counts it too); nothing is beside it to be mapped around it. Then
	 * our stack page (a frame), as functions are called. Tables: the root, and a middle
	 * and a leaf table each for the image and for the stack at the top.
	 */
	budget_so_far("a fresh image", (struct cost){ .fill = 3, .resident = 3, .tables = 5 });
}

void scenario(int argc, char **argv)
{
	if (argc > 1) {
		after_exec();
		return;
	}
	path = argv[0];
	/*
	 * fork fences once, at its end. What the child does up to its exec is the child's: the parent,
	 * which waits, pays nothing more.
	 */
	budget("fork, exec, wait", fork_exec, (struct cost){ .fences = 1 });
}
