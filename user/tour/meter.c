/* SPDX-License-Identifier: MIT */
/* Measures a piece of the tour's code: faults, frames, and instructions or nanoseconds. */
#define _GNU_SOURCE
#include <elf.h>
#include <sys/auxv.h>
#include <time.h>

#include "code.h"
#include "count.h"
#include "lib/counter.h"

static bool exact;

uint64_t meter_clock(void)
{
	struct timespec t;

	if (exact)
		return counter_read();
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool meter_is_exact(void)
{
	return exact;
}

void meter_start(struct meter *meter)
{
	for (int i = 0; i < 2; i++) { /* the first turn takes the faults of the meter itself */
		count_rest(&meter->before);
		tour_count_faults(&meter->before);
		meter->started = meter_clock();
	}
}

static long meter_less(long after, long before)
{
	return after == UNKNOWN || before == UNKNOWN ? UNKNOWN : after - before;
}

static long meter_sum(long a, long b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : a + b;
}

void meter_stop(struct meter *meter)
{
	const struct counts *before = &meter->before;
	struct counts after;

	meter->spent = meter_clock() - meter->started;
	tour_count_faults(&after);
	count_rest(&after);
	meter->cost.faults = meter_less(after.faults, before->faults);
	meter->cost.frames = meter_less(after.frames, before->frames);
	meter->cost.tables = meter_less(after.tables, before->tables);
	meter->cost.around = meter_less(after.around, before->around);
	meter->cost.grown = meter_less(after.grown, before->grown);
	for (int i = 0; i < KINDS; i++)
		meter->cost.kinds[i] = meter_less(after.kinds[i], before->kinds[i]);
}

void meter_add(struct meter *sum, const struct meter *more)
{
	struct counts *to = &sum->cost;
	const struct counts *from = &more->cost;

	sum->spent += more->spent;
	to->faults += from->faults;
	to->frames = meter_sum(to->frames, from->frames);
	to->tables = meter_sum(to->tables, from->tables);
	to->around = meter_sum(to->around, from->around);
	to->grown = meter_sum(to->grown, from->grown);
	for (int i = 0; i < KINDS; i++)
		to->kinds[i] = meter_sum(to->kinds[i], from->kinds[i]);
}

/*
 * Maps the tour's own text, so that no measurement includes faults on it. The text is the
 * executable segment of the file. The pages of code.c are at its end and must stay unmapped.
 */
static void touch_text(void)
{
	const Elf64_Phdr *segment = (const Elf64_Phdr *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM);

	for (; n > 0; n--, segment++) {
		const volatile char *page = (const volatile char *)segment->p_vaddr;
		const volatile char *end = page + segment->p_filesz;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		for (; page < end && page < code_start(); page += PAGE)
			(void)*page;
	}
}

void meter_setup(void)
{
	struct meter dry;

	exact = counter_is_exact();
	touch_text();
	meter_start(&dry);
	meter_stop(&dry);
}
