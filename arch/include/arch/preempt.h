/* SPDX-License-Identifier: MIT */
/* The running thread's preemption count, where one load tests it. */
#pragma once

#include "lib/types.h"

/*
 * Of each thread (arch_thread.preempt). `word` is 0 where the thread may lose its hart and the
 * scheduler wants it: so the end of a critical section lowers the count and tests one word.
 * sync/preempt.h has the operations.
 */
struct arch_preempt {
	union {
		uint64_t word;
		struct {
			uint32_t count; /* not 0: it keeps its hart; changed by the thread itself */
			uint32_t no_resched; /* 0: the scheduler wants the hart; else 1 */
		};
	};
};

/* It may lose its hart (held is not 0: it may not), and nobody wants that yet. */
#define ARCH_PREEMPT_INIT(held)                  \
	{                                        \
		.count = (held), .no_resched = 1 \
	}
