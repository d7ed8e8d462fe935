/* SPDX-License-Identifier: MIT */
/* The entry point of a program without a C library: takes argc, argv and envp from the stack. */
#include "lib/sys.h"

int main(int argc, char **argv, char **envp);

void start_c(long *sp);

__asm__(".section .text.start, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	.option push\n"
	"	.option norelax\n"
	"	lla	gp, __global_pointer$\n"
	"	.option pop\n"
	"	mv	a0, sp\n"
	"	andi	sp, sp, -16\n"
	"	mv	ra, zero\n"
	"	j	start_c\n"
	"	.text\n");

void start_c(long *sp)
{
	int argc = (int)sp[0];
	char **argv = (char **)(sp + 1);

	sys_exit(main(argc, argv, argv + argc + 1));
}
