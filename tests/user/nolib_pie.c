/* SPDX-License-Identifier: MIT */
/* R73: a static position-independent program (ET_DYN without an interpreter): loaded anywhere, it
 * finds itself. NOLIB */
#include "nolib.h"

static int value = 5;
static char bss[2 * PAGE];
extern char _end[];

int main(int argc, char **argv, char **envp)
{
	unsigned long here = (unsigned long)&main,
		      brk = (unsigned long)sys_call(SYS_brk, 0, 0, 0, 0, 0, 0);
	char *args[3] = { argv[0], 0, 0 };

	args[1] = "again";
	put_number("argc ", argc, "\n");
	value += argc;
	bss[PAGE] = 'b';
	put_number("value ", value, "\n");
	put_number("bss ", bss[PAGE] + bss[0] + bss[2 * PAGE - 1], "\n");
	put_number("not at 0: ", here > 0x10000, "\n");
	put_number("text and data lie together: ",
		   (unsigned long)&value - here + (1 << 20) < 2 << 20, "\n");
	put_number("the heap lies elsewhere or behind: ", brk >= (unsigned long)_end || brk < here,
		   "\n");
	if (argc == 1)
		sys_execve(argv[0], args, envp);
	return value;
}
