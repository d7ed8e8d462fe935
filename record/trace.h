/* SPDX-License-Identifier: MIT */
/* Records of the last faults of each hart. */
#pragma once

#include "lib/types.h"

#define TRACE_RECORDS 128 /* a power of two */

struct trace_fault {
	uint64_t time; /* ticks, when the fault came */
	vaddr_t pc;
	vaddr_t addr;
	uint32_t cost; /* instructions it took; until the end, the counter at the start */
	int32_t pid;
	const void *thread; /* the faulting thread, the only one that may complete the record */
	union {
		struct {
			uint8_t access; /* the permissions requested, and how (arch/upcall.h) */
			uint8_t kind;	/* enum fault_kind */
			int16_t result; /* 0, a negative errno, or the signal that was sent */
		};
		uint32_t begun; /* the access, with kind and result 0: the fault has not ended */
	};
} __attribute__((aligned(64))); /* makes the address of a record quick to compute */

/*
 * Records are written only on the ring's hart, each by the thread that began it and only until
 * another fault reuses its place. Other harts may read them at any time and may see them change.
 */
struct trace_ring {
	uint64_t count;				   /* number of records ever begun; atomic */
	struct trace_fault records[TRACE_RECORDS]; /* private to the hart; others read them */
};

/* Returns the place for the record of a fault that begins. */
static inline struct trace_fault *trace_next(struct trace_ring *ring)
{
	/* Before what is written to the record, so that who has read of it finds it counted. */
	uint64_t n = __atomic_fetch_add(&ring->count, 1, __ATOMIC_ACQUIRE);

	return __builtin_assume_aligned(&ring->records[n % TRACE_RECORDS], 64);
}

/*
 * Reads the hart's record at *cursor, or the oldest that is left, and moves *cursor behind it.
 * *cursor is 0 at first; each reader has its own. Adds the number of records that were overwritten
 * in between to *dropped. Returns false if there is no record.
 */
bool trace_read(unsigned hart_index, uint64_t *cursor, struct trace_fault *ret, uint64_t *dropped);

/* Sums over all harts. */
uint64_t trace_count(void);

/* Gives each hart its ring, and has panics log the last faults of their hart. Call at boot, before there are faults. */
void trace_start(void);
