/* SPDX-License-Identifier: MIT */
/* Budget: 32 pages of code that are run one after the other (R70, R71, R125). */
#include "budget.h"

/* A function at the start of each page, that only returns. */
__asm__(".section .many, \"ax\"\n"
	"	.balign	4096\n"
	"many:\n"
	"	.rept	32\n"
	"	.balign	4096\n"
	"	ret\n"
	"	.endr\n"
	"	.balign	4096\n"
	"	.text\n");

void many(void);

static void run_all(void)
{
	for (unsigned i = 0; i < 32; i++)
		((void (*)(void))((char *)many + i * PAGE))();
}

void scenario(int argc, char **argv)
{
	char *again[] = { argv[0], "again", 0 }, *envp[] = { 0 };

	if (argc > 1) {
		/*
		 * Another image of the same file: its pages are there. A fault maps what is there of an
		 * aligned window of 16 pages: two faults for 32 pages.
		 */
		budget("the second run", run_all,
		       (struct cost){ .fill = 2, .around = 30, .resident = 32 });
		return;
	}
	/*
	 * Nobody has run it: each page is read from the file by a fault of its own, and finds none of
	 * its neighbours ahead of it. It is in the image's leaf table: no table more.
	 */
	budget("the first run", run_all, (struct cost){ .fill = 32, .resident = 32 });
	budget("once more", run_all, (struct cost){ 0 });
	sys_execve(argv[0], again, envp);
}
