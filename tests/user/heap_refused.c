/* SPDX-License-Identifier: MIT */
/* R15 R23: breaks that cannot be are refused with nothing changed: overflow, kernel addresses,
 * other mappings, limits. */
#include "t.h"

static unsigned long start;

static void ask(const char *what, unsigned long to)
{
	unsigned long got = (unsigned long)syscall(SYS_brk, to);

	say("%s: %s\n", what,
	    got == to	   ? "granted"
	    : got == start ? "refused, unchanged"
			   : "changed!");
	if (got != start)
		syscall(SYS_brk, start);
}

static void limit_data(unsigned long bytes)
{
	struct rlimit r = { bytes, RLIM_INFINITY };

	TRY(setrlimit(RLIMIT_DATA, &r));
}

int main(void)
{
	char *wall;
	unsigned long end;

	start = ((unsigned long)sbrk(0) + PAGE - 1) & -PAGE;
	brk((void *)start);
	ask("the same", start);
	ask("one byte", start + 1);
	ask("2 GiB", start + 2 * GIB);
	ask("6 GiB and 5", start + 6 * GIB + 5);
	ask("address 1", 1);
	ask("below the program", 0x1000);
	ask("the top of the low half", 0x4000000000);
	ask("above it", 0x4000001000);
	ask("kernel half", 0xffffffc000000000);
	ask("-1", -1ul);
	ask("-4095", -4095ul);
	ask("sign bit", 1ul << 63);
	ask("start + sign bit", start + (1ul << 63));
	ask("start - 1 GiB", start - GIB);

	end = start + 64 * PAGE;
	wall = mmap((void *)end, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	say("a mapping in the way: %s\n", wall == (char *)end ? "there" : "no");
	wall[0] = 'w';
	ask("over it", end + PAGE);
	ask("into it", end + 1);
	ask("well before it", end - PAGE);
	say("it lives: %c\n", wall[0]);
	munmap(wall, PAGE);
	ask("when it is gone", end + PAGE);

	limit_data(8 * MIB);
	ask("1 MiB under a limit of 8", start + MIB);
	ask("16 MiB under a limit of 8", start + 16 * MIB);
	limit_data(RLIM_INFINITY);
	ask("16 MiB without", start + 16 * MIB);
	return 0;
}
