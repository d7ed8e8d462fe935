/* SPDX-License-Identifier: MIT */
/* R18 R93 R94: thousands of small mappings, faulted in any order, changed, forked, unmapped by
 * halves and at once. */
#include "t.h"

#define N 6000ul

static char *p;

static size_t sweep(int step)
{
	size_t bad = 0;

	for (size_t i = 0, at = 0; i < N; i++, at = (at + 2377) % N)
		bad += (at % (size_t)step == 0) && p[at * PAGE] != (char)(at * 3 + 1);
	return bad;
}

static int child(void *unused)
{
	size_t bad = sweep(1);

	(void)unused;
	for (size_t i = 0; i < N; i += 2)
		p[i * PAGE] = 'c';
	return bad != 0;
}

int main(void)
{
	size_t kept = 0;

	p = mmap((void *)0x2000000000, N * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	for (size_t i = 1; i < N; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_READ) != 0)
			result("mprotect", -1);
	for (size_t i = 0, at = 0; i < N; i++, at = (at + 1409) % N) {
		if (at % 2)
			mprotect(p + at * PAGE, PAGE, RW);
		p[at * PAGE] = (char)(at * 3 + 1);
		if (at % 2)
			mprotect(p + at * PAGE, PAGE, PROT_READ);
	}
	say("all: %zu wrong\n", sweep(1));
	in_child("child", child, NULL);
	say("after it: %zu wrong\n", sweep(1));
	for (size_t i = 1; i < N; i += 2)
		munmap(p + i * PAGE, PAGE);
	say("every second one: %zu wrong\n", sweep(2));
	for (size_t i = 1; i < N; i += 2)
		kept += mmap(p + i * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
			p + i * PAGE;
	say("filled again: %zu, %d\n", kept, p[PAGE]);
	for (size_t i = 0; i < N; i++)
		mprotect(p + i * PAGE, PAGE, PROT_READ);
	say("one map again: %zu wrong\n", sweep(2));
	TRY(munmap(p, N * PAGE));
	TRY(write(open("/dev/zero", O_RDWR), p, 1) == 1);
	return 0;
}
