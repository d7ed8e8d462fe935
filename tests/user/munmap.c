/* SPDX-License-Identifier: MIT */
/* R18 R22 R93: munmap of starts, ends, middles, several maps, holes and huge lengths; the rest
 * keeps its bytes. */
#include "t.h"

#define N 24

static char *p;

/* A digit a page: what its first byte holds, or - where nothing is mapped. */
static void show(const char *what)
{
	char map[N + 1] = { 0 };
	int pipes[2];

	if (pipe(pipes) != 0)
		return;
	for (int i = 0; i < N; i++) {
		map[i] = '-';
		if (write(pipes[1], p + i * PAGE, 1) == 1 && read(pipes[0], map + i, 1) == 1)
			map[i] = (char)(map[i] ? map[i] : '0');
	}
	close(pipes[0]);
	close(pipes[1]);
	say("%s: %s\n", what, map);
}

static void unmap(int first, int n)
{
	if (munmap(p + first * (long)PAGE, (size_t)n * PAGE) != 0)
		result("munmap", -1);
}

int main(void)
{
	p = mmap((void *)0x2000000000, N * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	for (int i = 0; i < N; i += 2)
		p[i * PAGE] = (char)('a' + i);
	show("mapped");
	unmap(0, 1);
	unmap(N - 2, 2);
	show("ends gone");
	unmap(8, 3);
	show("middle gone");
	in_child("  read there", loads_from, p + 8 * PAGE);
	in_child("  read before it", loads_from, p + 8 * PAGE - 1);
	mprotect(p + 4 * PAGE, PAGE, PROT_READ);
	mprotect(p + 14 * PAGE, PAGE, PROT_READ);
	unmap(3, 13);
	show("over maps and holes");
	TRY(munmap(p + 3 * PAGE, 13 * PAGE));
	TRY(munmap(p + 2 * PAGE, 1));
	show("length 1 is one page");
	TRY(munmap(p + 1, PAGE));
	TRY(munmap(p, 0));
	TRY(munmap(p, -PAGE));
	TRY(munmap(p, 1ul << 63));
	TRY(munmap((void *)0x4000000000, PAGE));
	TRY(munmap((void *)0xffffffd000000000, PAGE));
	show("still");
	p = mmap(p + 17 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) - 17 * PAGE;
	show("one mapped anew is zero");
	TRY(munmap(p, GIB * 60));
	show("60 GiB unmapped");

	for (int i = 0; i < 300; i++) {
		char *q = anon(64 * MIB);

		q[i * PAGE] = 1;
		q[63 * MIB - i * PAGE] = 2;
		if (munmap(q + PAGE, 64 * MIB - PAGE) != 0 || munmap(q, PAGE) != 0)
			result("munmap", -1);
	}
	say("300 times 64 MiB\n");
	return 0;
}
