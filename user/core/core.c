/* SPDX-License-Identifier: MIT */
/* What the programs of the core's archive share. */
#include "core/core.h"

#include <stdarg.h>

#include "abi/faultline.h"

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

static int fault_on(long hart, unsigned long address, uint64_t *time)
{
	int kind = -1;

	trace.next = 0;
	do {
		if (query(FAULTLINE_TRACE, hart, &trace, sizeof(trace), trace.next) != 1)
			break;
		for (uint64_t i = 0; i < trace.count; i++)
			if (trace.faults[i].address == address && trace.faults[i].time >= *time) {
				kind = trace.faults[i].kind;
				*time = trace.faults[i].time;
			}
	} while (trace.count != 0);
	return kind;
}

int fault_at(const volatile void *address)
{
	struct faultline_machine machine;
	uint64_t time = 0;
	int kind = -1;

	if (query(FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) != 1)
		return -1;
	for (uint64_t hart = 0; hart < machine.harts; hart++) {
		int found = fault_on((long)hart, (unsigned long)address, &time);

		kind = found < 0 ? kind : found;
	}
	return kind;
}

long frames_unused(void)
{
	struct faultline_machine machine;

	return query(FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) == 1
		       ? (long)machine.free_frames
		       : -1;
}
