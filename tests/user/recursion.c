/* SPDX-License-Identifier: MIT */
/* R30 R31: the stack grows as far as its limit, read or written, and no further. */
#include "t.h"

static volatile int depth;

__attribute__((noinline)) static int recurse(int levels)
{
	volatile char frame[1024];

	frame[0] = (char)levels;
	frame[1023] = (char)(levels >> 8);
	depth++;
	if (levels > 0)
		recurse(levels - 1);
	return frame[0] == (char)levels && frame[1023] == (char)(levels >> 8) ? depth : 0;
}

static int deep(void *kib)
{
	return recurse((int)(long)kib) == 0;
}

static int endless(void *unused)
{
	(void)unused;
	return recurse(1 << 30);
}

/* Touches one byte so many bytes below the stack pointer. */
static int below(void *bytes)
{
	volatile char *sp = __builtin_frame_address(0);

	return sp[-(long)bytes];
}

static int below_write(void *bytes)
{
	volatile char *sp = __builtin_frame_address(0);

	sp[-(long)bytes] = 1;
	return sp[-(long)bytes] != 1 || sp[-(long)bytes / 2] != 0;
}

static void limit(unsigned long bytes)
{
	struct rlimit r = { bytes, RLIM_INFINITY };

	TRY(setrlimit(RLIMIT_STACK, &r));
}

int main(void)
{
	in_child("6.5 MiB in steps of 1 KiB", deep, (void *)(6500L));
	in_child("endless", endless, NULL);
	in_child("read 1 MiB below", below, (void *)MIB);
	in_child("write 7 MiB below", below_write, (void *)(7 * MIB));
	in_child("read 9 MiB below", below, (void *)(9 * MIB));
	in_child("write 9 MiB below", below_write, (void *)(9 * MIB));
	limit(MIB);
	in_child("512 KiB of 1 MiB", deep, (void *)500L);
	in_child("write 2 MiB below", below_write, (void *)(2 * MIB));
	limit(16 * MIB);
	in_child("write 12 MiB below of 16 MiB", below_write, (void *)(12 * MIB));
	in_child("14 MiB deep", deep, (void *)13000L);
	in_child("endless", endless, NULL);
	say("and we live at depth %d\n", depth);
	return 0;
}
