/* SPDX-License-Identifier: MIT */
/* R2 R3 R70 R71: 4 MiB of text, run page by page from cold; 4-byte instructions that straddle two
 * cold pages. NOLIB */
#include "nolib.h"

long all_pages(long);
long straddle(long);

/*
 * 1024 pages, each of which adds 1 and jumps to the next; then a page pair with an instruction
 * over the edge.
 */
__asm__(".balign 4096\n.globl all_pages\n.option push\n.option norvc\n.option norelax\n"
	"all_pages:\n"
	".rept 1024\n"
	"addi a0, a0, 1\n"
	"j .+4092\n"
	".skip 4088\n"
	".endr\n"
	"ret\n"
	".option pop\n"
	".balign 4096\n"
	".rept 8\n"
	".skip 8192 - 4\n"
	".endr\n"
	".balign 4096\n"
	".skip 4092\n"
	".globl straddle\n"
	"straddle:\n"
	".option push\n.option norelax\n"
	"c.nop\n"
	".option norvc\n"
	"addi a0, a0, 5\n" /* two bytes here, two in the next page */
	".option rvc\n"
	"c.jr ra\n"
	".option pop\n");

int main(void)
{
	int status;
	long pid;

	put_number("over the edge: ", straddle(37), "\n");
	pid = sys_fork();
	if (pid == 0) {
		put_number("child ran through ", all_pages(0), " pages\n");
		sys_exit(0);
	}
	sys_wait4(pid, &status, 0);
	put_number("parent ran through ", all_pages(0), " pages\n");
	put_number("and again ", all_pages(0), "\n");
	return 0;
}
