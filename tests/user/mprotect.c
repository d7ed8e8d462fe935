/* SPDX-License-Identifier: MIT */
/* R61 R94: mprotect splits and merges, applies to present and future pages, and refuses without
 * harm. */
#include "t.h"

#define N 16

static char *p;

static int writes(void *at)
{
	*(volatile char *)at = 7;
	return 0;
}

/* One letter a page: w writable, r readable, - neither. */
static void prot(const char *what)
{
	char map[N + 1] = { 0 };

	for (int i = 0; i < N; i++) {
		int p2[2];

		map[i] = '-';
		if (pipe(p2) != 0)
			break;
		if (write(p2[1], p + i * PAGE, 1) == 1)
			map[i] = read(p2[0], p + i * PAGE, 1) == 1 ? 'w' : 'r';
		close(p2[0]);
		close(p2[1]);
	}
	say("%s: %s\n", what, map);
}

static void protect(int first, int n, int prot)
{
	if (mprotect(p + first * (long)PAGE, (size_t)n * PAGE, prot) != 0)
		result("mprotect", -1);
}

int main(void)
{
	p = anon(N * PAGE);
	for (int i = 0; i < N; i += 2)
		p[i * PAGE] = (char)i;
	prot("fresh");
	protect(4, 4, PROT_READ);
	prot("middle read-only");
	in_child("  write there", writes, p + 4 * PAGE);
	in_child("  write to an untouched page there", writes, p + 5 * PAGE);
	in_child("  write before", writes, p + 4 * PAGE - 1);
	in_child("  write behind", writes, p + 8 * PAGE);
	protect(6, 4, PROT_NONE);
	prot("over the edge none");
	in_child("  read there", loads_from, p + 6 * PAGE);
	in_child("  read an untouched one", loads_from, p + 7 * PAGE);
	protect(0, 1, PROT_NONE);
	protect(15, 1, PROT_READ);
	prot("ends");
	protect(0, N, RW);
	prot("all again");
	say("bytes kept: ");
	for (int i = 0, good = 0; i < N; i += 2) {
		good += p[i * PAGE] == (char)i;
		if (i == N - 2)
			say("%d of %d\n", good, N / 2);
	}
	for (int i = 0; i < N; i++)
		protect(i, 1, i % 2 ? PROT_READ : RW);
	prot("alternating");
	for (int i = 1; i < N; i += 2)
		protect(i, 1, RW);
	prot("filled up");
	protect(2, 4, PROT_WRITE);
	prot("PROT_WRITE alone");
	in_child("  is readable", loads_from, p + 2 * PAGE);
	protect(2, 4, PROT_EXEC);
	in_child("PROT_EXEC alone is not", loads_from, p + 2 * PAGE);
	protect(2, 4, RW);

	TRY(mprotect(p + 1, PAGE, PROT_READ));
	TRY(mprotect(p, 0, PROT_NONE));
	TRY(mprotect(p, 1, PROT_READ));
	prot("length 1 is one page");
	protect(0, 1, RW);
	TRY(mprotect(p, PAGE, 0x40));
	TRY(mprotect(p, -PAGE, PROT_READ));
	TRY(mprotect(p, -1ul, PROT_READ));
	TRY(mprotect((void *)0xffffffd000000000, PAGE, PROT_READ));
	TRY(mprotect((void *)0x4000000000, PAGE, PROT_READ));
	munmap(p + 8 * PAGE, PAGE);
	TRY(mprotect(p + 6 * PAGE, 6 * PAGE, PROT_READ));
	prot("up to the hole it was done");
	TRY(mprotect(p + 8 * PAGE, PAGE, PROT_READ));
	return 0;
}
