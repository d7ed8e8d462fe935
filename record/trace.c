/* SPDX-License-Identifier: MIT */
/* Rings of fault records. */
#include "record/trace.h"

#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "base/panic.h"
#include "lib/bits.h"
#include "mm/fault/fault_kind.h"

_Static_assert((TRACE_RECORDS & (TRACE_RECORDS - 1)) == 0, "counts are taken modulo it");

#define SHOWN 8 /* faults that a panic logs */

static struct trace_ring rings[HART_MAX]; /* each is private to its hart; others read it */

/* Returns how many records from the cursor on have been overwritten. */
static uint64_t overwritten(const struct trace_ring *ring, uint64_t cursor)
{
	uint64_t count = __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE);

	return count - cursor > TRACE_RECORDS ? count - TRACE_RECORDS - cursor : 0;
}

bool trace_read(unsigned hart_index, uint64_t *cursor, struct trace_fault *ret, uint64_t *dropped)
{
	const struct trace_ring *ring = &rings[hart_index];
	uint64_t lost;

	if (*cursor > __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE))
		return false;
	/* A record that is overwritten while it is read counts as overwritten too. */
	do {
		lost = overwritten(ring, *cursor);
		*cursor += lost;
		*dropped += lost;
		if (*cursor == __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE))
			return false;
		*ret = ring->records[*cursor % TRACE_RECORDS];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (overwritten(ring, *cursor));
	++*cursor;
	return true;
}

uint64_t trace_count(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < hart_count; i++)
		sum += rings[i].count;
	return sum;
}

static void show(const struct trace_fault *fault)
{
	uint64_t us = clock_ns_at(fault->time) / 1000;

	log_always("trace",
		   "fault at %lu us: pid %d pc 0x%lx address 0x%lx access 0x%x %s(%u) -> %d", us,
		   fault->pid, fault->pc, fault->addr, fault->access, fault_kind_name(fault->kind),
		   fault->kind, fault->result);
}

/* The newest last. */
static void show_last(void)
{
	const struct trace_ring *ring = arch_this_hart()->faults;
	uint64_t n = MIN(ring->count, (uint64_t)SHOWN);

	for (uint64_t at = ring->count - n; at < ring->count; at++)
		show(&ring->records[at % TRACE_RECORDS]);
}

void trace_start(void)
{
	for (unsigned i = 0; i < HART_MAX; i++)
		harts[i].faults = &rings[i];
	panic_set_report(show_last);
}
