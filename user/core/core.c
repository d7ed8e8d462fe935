/* SPDX-License-Identifier: MIT */
/* What the programs of the core's archive share. */
#include "core/core.h"

#include <stdarg.h>

#include "abi/faultline.h"
#include "abi/mman.h"

static unsigned long length(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	return n;
}

void print(const char *first, ...)
{
	va_list rest;

	va_start(rest, first);
	for (const char *s = first; s; s = va_arg(rest, const char *))
		sys_write(1, s, length(s));
	va_end(rest);
}

const char *digits(long n)
{
	static char texts[8][24];
	static unsigned next;
	char *end = texts[next++ % 8] + 23, *at = end;
	unsigned long left = n < 0 ? -(unsigned long)n : (unsigned long)n;

	*end = '\0';
	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (n < 0)
		*--at = '-';
	return at;
}

void check(const char *what, int is_right, const char *shown)
{
	print(is_right ? "" : "WRONG: ", what, ": ", shown, "\n", (char *)0);
	if (!is_right)
		sys_exit(1);
}

static struct faultline_trace trace;

static long query(long what, long which, void *buf, unsigned long size, unsigned long from)
{
	return sys_call(SYS_faultline, what, which, (long)buf, (long)size, (long)from, 0);
}

/* What the records of the harts have of this process' faults in some memory. */
struct found {
	uint64_t time; /* of the last one */
	int last, of_kind[FAULTLINE_KINDS];
};

static void find_on(long hart, unsigned long start, unsigned long size, struct found *found)
{
	long pid = sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0);

	trace.next = 0;
	do {
		if (query(FAULTLINE_TRACE, hart, &trace, sizeof(trace), trace.next) != 1)
			break;
		for (uint64_t i = 0; i < trace.count; i++) {
			const struct faultline_fault *fault = &trace.faults[i];

			if (fault->pid != pid || fault->address - start >= size)
				continue;
			found->of_kind[fault->kind]++;
			if (fault->time >= found->time) {
				found->time = fault->time;
				found->last = fault->kind;
			}
		}
	} while (trace.count != 0);
}

static struct found find(const volatile void *start, unsigned long size)
{
	struct found found = { .last = -1 };
	struct faultline_machine machine;

	if (query(FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) == 1)
		for (uint64_t hart = 0; hart < machine.harts; hart++)
			find_on((long)hart, (unsigned long)start, size, &found);
	return found;
}

int fault_at(const volatile void *address)
{
	return find(address, 1).last;
}

long faults(int kind, const volatile void *start, unsigned long npages)
{
	return find(start, npages * PAGE).of_kind[kind];
}

long frames_unused(void)
{
	struct faultline_machine machine;

	return query(FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) == 1
		       ? (long)machine.free_frames
		       : -1;
}

void tour_title(const char *name, const char *what)
{
	print("\n", name, "\n", what, "\n", (char *)0);
}

volatile char *new_memory(unsigned long npages)
{
	return (volatile char *)sys_mmap(0, npages * PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
