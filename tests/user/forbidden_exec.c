/* SPDX-License-Identifier: MIT */
/* R6 R11 R71: jumps to what is not to be executed, and instructions that are none. */
#include "t.h"

static const uint32_t rodata[4] = { 0x00008067, 0x00008067 }; /* ret */
static uint32_t data[4] = { 0x00008067, 0x00008067 };
static uint32_t bss[4];

static int jump(void *to)
{
	__asm__ volatile("fence.i\n\tjalr %0" : : "r"(to) : "ra", "memory");
	return 0;
}

static int illegal_zero(void *unused)
{
	(void)unused;
	__asm__ volatile(".2byte 0");
	return 0;
}

static int illegal_ones(void *unused)
{
	(void)unused;
	__asm__ volatile(".4byte 0xffffffff");
	return 0;
}

static int privileged(void *unused)
{
	(void)unused;
	__asm__ volatile("csrr t0, sstatus" : : : "t0");
	return 0;
}

static int sret(void *unused)
{
	(void)unused;
	__asm__ volatile("sret");
	return 0;
}

static int write_time(void *unused)
{
	(void)unused;
	__asm__ volatile("csrw time, zero");
	return 0;
}

static int sfence(void *unused)
{
	(void)unused;
	__asm__ volatile("sfence.vma");
	return 0;
}

static int breakpoint(void *unused)
{
	(void)unused;
	__asm__ volatile("ebreak");
	return 0;
}

static uint32_t *ret_in(void *at)
{
	return memcpy(at, rodata, sizeof(rodata));
}

int main(void)
{
	uint32_t stack[4], *p = ret_in(anon(4 * PAGE));
	char *c = (char *)p;

	in_child("data", jump, data);
	in_child("bss", jump, ret_in(bss));
	in_child("heap", jump, ret_in(sbrk(PAGE)));
	in_child("stack", jump, ret_in(stack));
	in_child("map without PROT_EXEC", jump, p);
	mprotect(p, PAGE, PROT_READ | PROT_EXEC);
	in_child("with PROT_EXEC", jump, p);
	in_child("its second instruction", jump, p + 1);
	in_child("an odd address (bit 0 is dropped)", jump, (char *)p + 1);
	mprotect(p, PAGE, PROT_EXEC);
	in_child("with PROT_EXEC alone", jump, p);
	mprotect(p, PAGE, PROT_NONE);
	in_child("with PROT_NONE", jump, p);
	mprotect(p, PAGE, RW | PROT_EXEC);
	in_child("with all three", jump, p);
	/* A 4-byte instruction whose second half lies in a page that may not be executed. */
	memcpy(c + PAGE - 2, rodata, 4);
	in_child("straddling, second page without", jump, c + PAGE - 2);
	mprotect(c + PAGE, PAGE, RW | PROT_EXEC);
	in_child("straddling, both with", jump, c + PAGE - 2);
	munmap(c + PAGE, PAGE);
	in_child("straddling, second page gone", jump, c + PAGE - 2);
	in_child("null", jump, NULL);
	in_child("hole", jump, c + PAGE);
	in_child("kernel", jump, (void *)0xffffffff80200000);
	in_child("top of the low half", jump, (void *)0x4000000000);
	in_child("not canonical", jump, (void *)0x0000800000000000);
	in_child("instruction 0", illegal_zero, NULL);
	in_child("instruction of ones", illegal_ones, NULL);
	in_child("reading sstatus", privileged, NULL);
	in_child("sret", sret, NULL);
	in_child("writing time", write_time, NULL);
	in_child("sfence.vma", sfence, NULL);
	in_child("ebreak", breakpoint, NULL);
	return 0;
}
