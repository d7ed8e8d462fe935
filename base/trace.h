/* SPDX-License-Identifier: MIT */
/* The last faults of each hart. */
#pragma once

#include "lib/types.h"

#define TRACE_RECORDS 128 /* a power of two */

struct trace_fault {
	uint64_t time; /* ticks, at entry */
	vaddr_t pc;
	vaddr_t addr;
	uint32_t cost; /* instructions until the result; till then, the count when it came */
	int32_t pid;
	const void *thread; /* that it is a fault of: it writes the end here, while that is so */
	union {
		struct {
			uint8_t access; /* the permissions asked for, and how (arch/upcall.h) */
			uint8_t kind;	/* enum fault_kind of mm; its name by the hook below */
			int16_t result; /* 0, a negative errno, or the signal that it became */
		};
		uint32_t begun; /* access alone: kind 0 with result 0 is not served yet */
	};
} __attribute__((aligned(64))); /* so that a record is quickly found */

/*
 * Written on its hart only: a record by the thread that began it, as long as it is there; read by
 * others, who may see it move.
 */
struct trace_ring {
	uint64_t count; /* records ever begun; atomic */
	struct trace_fault records[TRACE_RECORDS];
};

/* The place for the record of a fault that begins. */
static inline struct trace_fault *trace_next(struct trace_ring *ring)
{
	uint64_t n = __atomic_fetch_add(&ring->count, 1, __ATOMIC_RELAXED);

	return __builtin_assume_aligned(&ring->records[n % TRACE_RECORDS], 64);
}

/* Records a fault on this hart. */
void trace_fault(const struct trace_fault *fault);

/*
 * Reads the record of a hart that *cursor tells (0 at first), or the oldest that is left, and moves
 * *cursor behind it. Those overwritten in between are added to *dropped. Each reader has its own.
 * => false: none
 */
bool trace_read(unsigned hart_index, uint64_t *cursor, struct trace_fault *ret, uint64_t *dropped);

/* Logs the last n faults of this hart, newest last. */
void trace_show_last(unsigned n);

/* mm says what its kinds are called. */
void trace_set_kind_name(const char *(*name)(unsigned kind));
