/* SPDX-License-Identifier: MIT */
/* R6: ways for the program itself to end; its status is what the runner exits with. */
#include "t.h"

static int recurse(volatile char *up, int levels)
{
	volatile char frame[256] = { up ? up[0] : 0 };

	return levels ? recurse(frame, levels - 1) + frame[1] : 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	say("%s %s\n", argv[1], argv[2]);
	fprintf(stderr, "to standard error\n");
	switch (argv[1][0]) {
	case 'e':
		exit(atoi(argv[2]));
	case 'x': /* the call exit of the only thread */
		syscall(SYS_exit, atoi(argv[2]));
		break;
	case 'k':
		kill(getpid(), atoi(argv[2]));
		break;
	case 's':
		return *(volatile char *)strtoul(argv[2], NULL, 0);
	case 'r':
		return recurse(NULL, 1 << 30);
	case 'i':
		__asm__ volatile("unimp");
		break;
	}
	say("still here\n");
	return 1;
}
