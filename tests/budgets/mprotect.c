/* SPDX-License-Identifier: MIT */
/* Budget: a page made read-only and writable again (R94, R125). */
#include "budget.h"

static volatile char *area;

static void protect(int prot, unsigned long npages)
{
	sys_call(SYS_mprotect, (long)area, (long)(npages * PAGE), prot, 0, 0, 0);
}

static void fill(void)
{
	area = map_at(64 * GIB, 64 * PAGE, MAP_PRIVATE);
	write_pages(area, 32);
}

static void read_only(void)
{
	protect(PROT_READ, 64);
}

static void writable(void)
{
	protect(PROT_READ | PROT_WRITE, 64);
}

static void write_again(void)
{
	write_pages(area, 32);
}

static void forbid(void)
{
	protect(PROT_NONE, 64);
}

static void allow(void)
{
	protect(PROT_READ | PROT_WRITE, 64);
}

void scenario(int argc, char **argv)
{
	/* A frame for each store; a middle table and a leaf table. */
	budget("fill", fill, (struct cost){ .fill = 32, .resident = 32, .tables = 2 });
	/* 32 entries lose a right, in one leaf table: one fence. */
	budget("read-only", read_only, (struct cost){ .fences = 1 });
	/* More permissions are given to the VMA alone: entries follow when they are used. */
	budget("writable", writable, (struct cost){ 0 });
	/* Each page is its only holder's: the right comes back, nothing is copied. */
	budget("write", write_again, (struct cost){ .reuse = 32 });
	/* No permissions at all: the entries keep their frames, and are fenced. */
	budget("PROT_NONE", forbid, (struct cost){ .fences = 1 });
	budget("allow", allow, (struct cost){ 0 });
	/* An entry without permissions holds a page that only we hold: REUSE gives all of them. */
	budget("write after PROT_NONE", write_again, (struct cost){ .reuse = 32 });
}
