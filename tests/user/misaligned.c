/* SPDX-License-Identifier: MIT */
/* R3 R6: misaligned loads and stores, within a page, over two lazy pages, and AMOs, which may not
 * be. */
#include "t.h"

static char *p;

static int amo(void *at)
{
	long r;

	__asm__ volatile("amoadd.d %0, zero, (%1)" : "=r"(r) : "r"(at) : "memory");
	return 0;
}

static int lr(void *at)
{
	long r;

	__asm__ volatile("lr.w %0, (%1)" : "=r"(r) : "r"(at) : "memory");
	return 0;
}

static uint64_t load8(const volatile void *at)
{
	uint64_t r;

	__asm__ volatile("ld %0, (%1)" : "=r"(r) : "r"(at) : "memory");
	return r;
}

static void store8(volatile void *at, uint64_t v)
{
	__asm__ volatile("sd %1, (%0)" : : "r"(at), "r"(v) : "memory");
}

int main(void)
{
	p = anon(16 * PAGE);
	store8(p + 1, 0x1122334455667788);
	say("%#lx %#lx\n", load8(p + 1), load8(p));
	say("over two lazy pages: %#lx\n", load8(p + 3 * PAGE - 3));
	store8(p + 5 * PAGE - 5, 0xa1b2c3d4e5f60718);
	say("written over two: %#lx %#lx\n", load8(p + 5 * PAGE - 5), load8(p + 5 * PAGE));
	for (int i = 1; i < 8; i++) {
		store8(p + 8 * PAGE - i, 0x0102030405060708u * (unsigned)i);
		say("%d: %#lx\n", i, load8(p + 8 * PAGE - i));
	}
	in_child("aligned amo", amo, p);
	in_child("misaligned amo", amo, p + 4);
	in_child("misaligned lr", lr, p + 2);
	return 0;
}
