/* SPDX-License-Identifier: MIT */
/* The data that the kernel keeps for each hart. */
#pragma once

#include "arch/hart.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "lib/types.h"
#include "sync/latency.h"
#include "sync/lockorder.h"

#define HART_MAX 16 /* at most 64: sets of harts are words (struct mmu, hart_stop_others()) */

struct frame_cache;
struct mmu;
struct runq;
struct thread;
struct trace_ring;

/* Events counted on each hart. */
enum hart_counter {
	HART_SYSCALLS,
	HART_INTERRUPTS,
	HART_TIMER_INTERRUPTS,
	HART_EXCEPTIONS,
	HART_SWITCHES,
	HART_IPIS,
	HART_KICKS,  /* interrupts of other harts that it has asked for */
	HART_FENCES, /* requests for fences on other harts, of any number of them */
	HART_FLUSHES, /* of its TLB, at a switch to another address space: of all, or of what it had of that one */
	HART_HANDLED, /* frames pushed for handlers */
	HART_INODES_MADE,
	HART_INODES_FREED,
	HART_COUNTERS
};

/* Why a hart is interrupted by another one: bits of hart.kicks. */
#define HART_KICK_SCHED 1u /* it looks at its run queue, or at the work of its thread */
#define HART_KICK_STOP	2u /* it stops for good */

struct hart {
	/* each is changed by one atomic operation; first, so that the count of system calls has the hart's own address */
	uint64_t counters[HART_COUNTERS];
	/* const: */
	unsigned index;	  /* 0 is the boot hart */
	unsigned long id; /* the machine's number for it */
	uint64_t bit;	  /* in sets of harts: that of its index */
	/* other harts use these: */
	uint32_t kicks; /* atomic: HART_KICK_* */
	bool stopped;	/* atomic: it has obeyed HART_KICK_STOP */

	/* private to the hart; others read what is atomic: */
	bool in_interrupt;	/* an interrupt handler is running */
	struct thread *current; /* the running thread; set by proc */
	struct thread *idle;
	struct runq *runq;	    /* proc/sched.c */
	struct trace_ring *faults;  /* set by record */
	struct frame_cache *frames; /* set by mm */
	struct mmu *active;	    /* address space; NULL: the kernel's own; atomic; set by arch */
	struct mmu *entering;	    /* the same, from before the switch on; atomic; set by arch */
	uint64_t asid_generation;   /* of what its TLB has; atomic; set by arch */
	struct arch_thread *fpu_holder; /* set by arch */
	uint64_t kernel_ticks; /* time sampled in kernel mode, without the idle thread; atomic */
	uint64_t told_ticks;   /* as a thread's; guarded by the lock of its run queue */
	uint64_t journal_work; /* instructions that the journal has taken; atomic */
	struct lockorder locks;
	struct latency latency; /* hardened build */
	struct timerq timers;	/* has its own lock */
} __attribute__((aligned(64))); /* no line of another hart's */

/* The harts by index. The first hart_count of them run. The number changes only at boot. */
extern struct hart harts[HART_MAX];
extern unsigned hart_count;

/* Sets up the data of the boot hart, which calls this. */
void hart_init(unsigned long id);

/*
 * For another hart: prepares its data; NULL: there are HART_MAX already. hart_add() counts it: from then on it gets fences
 * and threads. Both are called by the boot hart.
 */
struct hart *hart_prepare(unsigned long id);
void hart_add(struct hart *hart);

/* Interrupts another hart for that reason. */
void hart_kick(struct hart *hart, uint32_t reason);

/*
 * Stops all other harts, for good, and waits for them a moment. Returns a bit for each that has not answered. Call with
 * interrupts off.
 */
uint64_t hart_stop_others(void);
void hart_stop_here(void) __attribute__((noreturn));

extern bool hart_several; /* hart_count > 1 */

static inline bool hart_are_several(void)
{
	return unlikely(hart_several);
}

/* A bit for each hart that runs, by index. */
static inline uint64_t hart_mask(void)
{
	return UINT64_MAX >> (64 - hart_count);
}

static inline struct hart *hart_this(void)
{
	return arch_this_hart();
}

static inline void hart_count_event(enum hart_counter which)
{
	counter_add(&arch_this_hart()->counters[which], 1);
}

/* Sums over all harts. */
uint64_t hart_counter_sum(enum hart_counter which);
