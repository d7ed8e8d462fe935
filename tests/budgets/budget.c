/* SPDX-License-Identifier: MIT */
/* Measures steps by the caller's own counters, and says which are not what they should be. */
#include "budget.h"

void start_here(long *sp);
void *memset(void *to, int value, unsigned long n);
void *memcpy(void *to, const void *from, unsigned long n);

static __attribute__((section(".stack"), used)) char stack[PAGE];

/* The stack that the kernel gives hangs on the arguments' lengths: a page of our own does not. */
__asm__(".section .text.start, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	mv	a0, sp\n"
	"	la	sp, stack\n"
	"	li	t0, 4096\n"
	"	add	sp, sp, t0\n"
	"	j	start_here\n"
	"	.text\n");

static struct faultline_process before, after;
static volatile char *board_at;
static int points, failures;

/* The compiler may ask for these two. */
void *memset(void *to, int value, unsigned long n)
{
	for (volatile char *p = to; n > 0; n--)
		*p++ = (char)value;
	return to;
}

void *memcpy(void *to, const void *from, unsigned long n)
{
	volatile char *p = to;

	for (const char *q = from; n > 0; n--)
		*p++ = *q++;
	return to;
}

static void put(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	sys_write(1, s, n);
}

static void put_number(long v)
{
	char digits[24], *p = digits + sizeof(digits) - 1;
	unsigned long u = v < 0 ? -(unsigned long)v : (unsigned long)v;

	*p = '\0';
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	put(p);
}

void look(struct faultline_process *ret)
{
	if (sys_call(SYS_faultline, FAULTLINE_PROCESS, 0, (long)ret, sizeof(*ret), 0, 0) != 1) {
		put("# no counters\n");
		sys_exit(2);
	}
}

/* All pages of the program itself, so that they are there and its own. */
static __attribute__((noinline)) void warm(void)
{
	for (volatile char *p = (volatile char *)0x10000; p < text_end; p += PAGE)
		(void)*p;
	for (volatile char *p = (volatile char *)0x20000; p < (volatile char *)0x22000; p += PAGE)
		*p = *p;
}

static void compare(const char *what, long expected, long actual, int *wrong)
{
	if (expected == actual)
		return;
	*wrong = 1;
	put("# ");
	put(what);
	put(": expected ");
	put_number(expected);
	put(", actual ");
	put_number(actual);
	put("\n");
}

static void point(const char *step, int wrong)
{
	put(wrong ? "not ok " : "ok ");
	put_number(++points);
	put(" - ");
	put(step);
	put("\n");
	failures += wrong;
}

static long faults(int kind)
{
	return (long)(after.faults[kind] - before.faults[kind]);
}

#define SINCE(field) ((long)(after.field - before.field))

static void judge(const char *step, const struct cost *e)
{
	int wrong = 0;

	compare("FILL", e->fill, faults(FAULTLINE_FILL), &wrong);
	compare("of the zero page", e->zero, SINCE(zero_fills), &wrong);
	compare("COW", e->cow, faults(FAULTLINE_COW), &wrong);
	compare("REUSE", e->reuse, faults(FAULTLINE_REUSE), &wrong);
	compare("REMAP", e->remap, faults(FAULTLINE_REMAP), &wrong);
	compare("ACCESSED", e->accessed, faults(FAULTLINE_ACCESSED), &wrong);
	compare("SPURIOUS", e->spurious, faults(FAULTLINE_SPURIOUS), &wrong);
	compare("denied", e->denied, faults(FAULTLINE_DENY_MAPERR) + faults(FAULTLINE_DENY_ACCERR),
		&wrong);
	compare("mapped around", e->around, SINCE(around), &wrong);
	compare("stack grown", e->grown, SINCE(stack_grown), &wrong);
	compare("retries", e->retries, SINCE(retries), &wrong);
	compare("fences", e->fences, SINCE(fences), &wrong);
	compare("frames", e->resident, SINCE(resident), &wrong);
	compare("page-table pages", e->tables, SINCE(tables), &wrong);
	point(step, wrong);
}

void budget(const char *step, void (*run)(void), struct cost expected)
{
	warm();
	look(&before);
	run();
	look(&after);
	judge(step, &expected);
}

void budget_so_far(const char *step, struct cost expected)
{
	look(&after); /* `before` is all zeros */
	judge(step, &expected);
}

void expect(const char *what, long expected, long actual)
{
	int wrong = 0;

	compare(what, expected, actual, &wrong);
	point(what, wrong);
}

long *board(void)
{
	if (!board_at) {
		board_at = map_at(0x3000000000, PAGE, MAP_SHARED);
		*board_at = 0;
	}
	return (long *)board_at;
}

__attribute__((noinline)) void in_child(void (*run)(void))
{
	long pid = sys_fork();

	if (pid == 0) {
		run();
		sys_exit(0);
	}
	sys_wait4(pid, 0, 0);
}

__attribute__((used)) void start_here(long *sp)
{
	scenario((int)sp[0], (char **)(sp + 1));
	put("1..");
	put_number(points);
	put("\n");
	sys_exit(failures ? 1 : 0);
}
