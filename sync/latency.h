/* SPDX-License-Identifier: MIT */
/* Measures, in instructions, how long a hart keeps interrupts or preemption off (hardened build). */
#pragma once

#include "lib/types.h"

/*
 * Two kinds of stretches are measured on each hart after latency_start(): those in which interrupts
 * are off, and those in which the preemption count of the running thread is not 0. The longest of
 * each kind is kept, with the places where it began and ended. A place is the address to which
 * latency_begin() or latency_end() returns. With several harts, this takes a machine that counts the
 * instructions of each (tools/strict, the option `count`); there, waits for other harts are left out.
 */
enum latency_kind { LATENCY_INTERRUPTS, LATENCY_PREEMPTION, LATENCY_KINDS };

struct latency_stretch {
	uint64_t instructions;
	vaddr_t from, to;
};

#define LATENCY_PLACES 64u

struct latency {
	bool on;
	bool places_too; /* the longest from each place is kept, for times without preemption */
	unsigned exempt; /* calls of latency_exempt_begin() without their latency_exempt_end() */
	struct {
		bool open;
		uint64_t since;
		vaddr_t from;
		struct latency_stretch longest;
	} kinds[LATENCY_KINDS];
#ifdef FAULTLINE_LATENCY
	struct latency_stretch
		places[LATENCY_PLACES]; /* those after the last have 0 instructions */
#endif
};

#ifdef FAULTLINE_LATENCY

/* This hart's measurements, or NULL before hart_init(). Supplied by base/hart.c. */
struct latency *latency_this_hart(void);

/* Starts to measure on a hart, which slows every lock. Its interrupts and preemption are on, or it has not begun. */
void latency_start(struct latency *latency, bool places_too);

/* What a checker does between these does not count: only tests run checkers. Calls may nest. */
void latency_exempt_begin(void);
void latency_exempt_end(void);

/* A stretch begins or ends now. Called by sync/irq.h, sync/preempt.h and the trap handlers. */
void latency_begin(enum latency_kind kind);
void latency_end(enum latency_kind kind);

/* Discards the stretch that has begun: the hart was idle in it, or its thread has changed. */
void latency_forget(enum latency_kind kind);

#else

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
