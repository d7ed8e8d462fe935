/* SPDX-License-Identifier: MIT */
/* Rings of fault records. */
#include "base/trace.h"

#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"

_Static_assert((TRACE_RECORDS & (TRACE_RECORDS - 1)) == 0, "counts are taken modulo it");

static const char *(*kind_name)(unsigned kind);

void trace_set_kind_name(const char *(*name)(unsigned kind))
{
	kind_name = name;
}

void trace_fault(const struct trace_fault *fault)
{
	struct trace_ring *ring = &arch_this_hart()->faults;

	*trace_next(ring) = *fault;
}

/* Returns how many records from the cursor on have been overwritten. */
static uint64_t overwritten(const struct trace_ring *ring, uint64_t cursor)
{
	uint64_t count = __atomic_load_n(&ring->count, __ATOMIC_ACQUIRE);

	return count - cursor > TRACE_RECORDS ? count - TRACE_RECORDS - cursor : 0;
}

bool trace_read(unsigned hart_index, uint64_t *cursor, struct trace_fault *ret, uint64_t *dropped)
{
	const struct trace_ring *ring = &harts[hart_index].faults;
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

static void trace_show(const struct trace_fault *fault)
{
	const char *name = kind_name != NULL ? kind_name(fault->kind) : "kind";
	uint64_t us = clock_ns_at(fault->time) / 1000;

	log_always("trace",
		   "fault at %lu us: pid %d pc 0x%lx address 0x%lx access 0x%x %s(%u) -> %d", us,
		   fault->pid, fault->pc, fault->addr, fault->access, name, fault->kind,
		   fault->result);
}

void trace_show_last(unsigned n)
{
	struct hart *hart = arch_this_hart();
	const struct trace_ring *ring;

	if (hart == NULL)
		return;
	ring = &hart->faults;
	n = (unsigned)MIN(MIN((uint64_t)n, ring->count), (uint64_t)TRACE_RECORDS);
	for (uint64_t at = ring->count - n; at < ring->count; at++)
		trace_show(&ring->records[at % TRACE_RECORDS]);
}
