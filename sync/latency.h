/* SPDX-License-Identifier: MIT */
/* The longest times that a hart heard no interrupt, or kept its thread, in instructions (hardened build). */
#pragma once

#include "lib/types.h"

/*
 * Two stretches are measured on each hart once latency_start() was called: one in which interrupts
 * are off, and one in which the preemption count of the running thread is raised. The longest of
 * each is kept, with the places where it began and ended. A place is the address that the hook
 * below would return to.
 */
enum latency_kind { LATENCY_INTERRUPTS, LATENCY_PREEMPTION, LATENCY_KINDS };

struct latency_stretch {
	uint64_t instructions;
	vaddr_t from, to;
};

struct latency {
	bool on;
	unsigned exempt; /* latency_exempt_begin() without an end */
	struct {
		bool open;
		uint64_t since;
		vaddr_t from;
		struct latency_stretch longest;
	} kinds[LATENCY_KINDS];
};

#ifdef FAULTLINE_LATENCY

/* This hart's; supplied by base/hart.c. */
struct latency *latency_this_hart(void);

/* Measures from now on, which makes all locks dearer. => interrupts on, count not raised */
void latency_start(void);

/*
 * What a checker of the whole kernel does between the two counts for nothing: nobody runs it but
 * tests. Nests.
 */
void latency_exempt_begin(void);
void latency_exempt_end(void);

/* The longest so far; 0 instructions: none. */
struct latency_stretch latency_longest(enum latency_kind kind);

/* The hooks of sync/irq.h, sync/preempt.h and of traps: has begun; ends now. */
void latency_begin(enum latency_kind kind);
void latency_end(enum latency_kind kind);

/* What has begun does not count: the hart had nothing to do. */
void latency_forget(enum latency_kind kind);

#else

static inline void latency_start(void)
{
}

static inline void latency_exempt_begin(void)
{
}

static inline void latency_exempt_end(void)
{
}

static inline void latency_forget(enum latency_kind kind)
{
	(void)kind;
}

static inline void latency_begin(enum latency_kind kind)
{
	(void)kind;
}

static inline void latency_end(enum latency_kind kind)
{
	(void)kind;
}

#endif
