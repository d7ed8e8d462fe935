/* The last faults of each hart. */
#pragma once

#include "lib/types.h"

#define TRACE_RECORDS 128 /* a power of two */

struct trace_fault {
	uint64_t time; /* ticks, at entry */
	vaddr_t pc;
	vaddr_t addr;
	uint32_t cost; /* ticks until the result */
	int32_t pid;
	int16_t result; /* 0 or a negative errno, or the signal that it became */
	uint8_t access; /* the rights asked for, and how (arch/upcall.h) */
	uint8_t kind;	/* enum fault_kind of mm; its name by the hook below */
};

/*
 * Written by its hart only, with interrupts off or from fault context; read by others, who may see
 * it move.
 */
struct trace_ring {
	uint64_t count;	 /* records ever written */
	uint64_t cursor; /* records read by trace_read() */
	struct trace_fault records[TRACE_RECORDS];
};

/* Records a fault on this hart. */
void trace_fault(const struct trace_fault *fault);

/*
 * Takes out the oldest record of a hart that has not been read. Those overwritten before are added
 * to *dropped.
 * => false: none
 */
bool trace_read(unsigned hart_index, struct trace_fault *ret, uint64_t *dropped);

/* Logs the last n faults of this hart, newest last. */
void trace_show_last(unsigned n);

/* mm says what its kinds are called. */
void trace_set_kind_name(const char *(*name)(unsigned kind));
