/* SPDX-License-Identifier: MIT */
/* R5 R6 R12 R22 R61 R94: each forbidden access kills the child that does it, and nobody else. */
#include "t.h"

static const char rodata[64] = "constant";
static char *p;

static int load(void *at)
{
	return *(volatile char *)at * 0;
}
static int store(void *at)
{
	*(volatile char *)at = 1;
	return 0;
}
static int load8(void *at)
{
	return (int)*(volatile long *)at * 0;
}
static int store8(void *at)
{
	*(volatile long *)at = 1;
	return 0;
}

static int amo(void *at)
{
	long r;

	__asm__ volatile("amoadd.d %0, zero, (%1)" : "=r"(r) : "r"(at) : "memory");
	return (int)r;
}

static int lr(void *at)
{
	long r;

	__asm__ volatile("lr.d %0, (%1)" : "=r"(r) : "r"(at) : "memory");
	return (int)r * 0;
}

/* Where sc faults first, the reservation is lost on the way, and it answers 1. */
static int sc(void *at)
{
	long r;

	__asm__ volatile("lr.d %0, (%1)\n\tsc.d %0, zero, (%1)" : "=&r"(r) : "r"(at) : "memory");
	return (int)r;
}

static int fp_store(void *at)
{
	*(volatile double *)at = 1.5;
	return 0;
}

static void all(const char *what, void *at)
{
	say("%s\n", what);
	in_child("  load", load, at);
	in_child("  store", store, at);
	in_child("  amo", amo, at);
	in_child("  lr", lr, at);
	in_child("  sc", sc, at);
	in_child("  fp store", fp_store, at);
}

int main(void)
{
	p = anon(8 * PAGE);
	memset(p, 0, 8 * PAGE);
	munmap(p + PAGE, PAGE);
	mprotect(p + 2 * PAGE, PAGE, PROT_NONE);
	mprotect(p + 3 * PAGE, PAGE, PROT_READ);
	mprotect(p + 4 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	mprotect(p + 5 * PAGE, PAGE, PROT_WRITE);
	mprotect(p + 6 * PAGE, PAGE, PROT_EXEC);
	all("null", NULL);
	all("almost null", (void *)0xff8);
	all("text", (void *)((uintptr_t)&load & -8ul));
	all("constants", (void *)(uintptr_t)rodata);
	all("hole", p + PAGE);
	all("PROT_NONE", p + 2 * PAGE);
	all("PROT_READ", p + 3 * PAGE);
	all("PROT_READ | PROT_EXEC", p + 4 * PAGE);
	all("PROT_WRITE", p + 5 * PAGE);
	all("PROT_EXEC", p + 6 * PAGE);
	all("above the break", (char *)sbrk(0) + PAGE);
	all("kernel, direct map", (void *)0xffffffd000000000);
	all("kernel, text", (void *)0xffffffff80200000);
	all("last page", (void *)-8ul);
	all("top of the low half", (void *)0x4000000000);
	all("not canonical", (void *)0x0000800000000000);
	say("straddling\n");
	in_child("  load into a hole", load8, p + PAGE - 4);
	in_child("  store into a hole", store8, p + PAGE - 4);
	in_child("  store into PROT_READ", store8, p + 3 * PAGE - 4);
	in_child("  load between readable ones", load8, p + 4 * PAGE - 4);
	say("the parent lives: %d\n", p[0]);
	return 0;
}
