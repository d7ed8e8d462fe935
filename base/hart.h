/* SPDX-License-Identifier: MIT */
/* What the kernel keeps for each hart. */
#pragma once

#include "arch/hart.h"
#include "base/timerq.h"
#include "base/trace.h"
#include "lib/types.h"
#include "sync/latency.h"
#include "sync/lockorder.h"

#define HART_MAX 8

struct thread;

/* Things counted on each hart. */
enum hart_counter {
	HART_INTERRUPTS,
	HART_TIMER_INTERRUPTS,
	HART_SYSCALLS,
	HART_EXCEPTIONS,
	HART_SWITCHES,
	HART_IPIS,
	HART_SIGNALS, /* frames for handlers */
	HART_COUNTERS
};

struct hart {
	unsigned index;	  /* from 0: the boot hart's is 0 */
	unsigned long id; /* the machine's number for it */
	bool online;

	/* private to the hart */
	bool in_interrupt;	/* an interrupt handler runs */
	struct thread *current; /* proc's */
	struct thread *idle;
	uint64_t counters[HART_COUNTERS]; /* by one atomic operation each */
	struct lockorder locks;
	struct latency latency; /* hardened build */
	struct trace_ring faults;

	struct timerq timers; /* has its own lock */
};

/* By index; those online are the first hart_count. */
extern struct hart harts[HART_MAX];
extern unsigned hart_count;

/*
 * Sets up the next hart and makes it this one.
 * => run on that hart, once; panics when there are more than HART_MAX
 */
struct hart *hart_init(unsigned long id);

static inline struct hart *hart_this(void)
{
	return arch_this_hart();
}

static inline void hart_count_event(enum hart_counter which)
{
	counter_add(&arch_this_hart()->counters[which], 1);
}

/* Sums over all harts; faults are counted by their records. */
uint64_t hart_fault_sum(void);
uint64_t hart_counter_sum(enum hart_counter which);
