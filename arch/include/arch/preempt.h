/* SPDX-License-Identifier: MIT */
/* The preemption count of a thread, laid out so that one load tests it. */
#pragma once

#include "lib/types.h"

/*
 * Each thread has one (arch_thread.preempt). `word` is 0 if the thread may be preempted and the
 * scheduler wants its hart. So the end of a critical section lowers the count and tests one word.
 * sync/preempt.h has the operations.
 */
struct arch_preempt {
	union {
		uint64_t word;
		struct {
			uint32_t count; /* not 0: preemption is off; changed by the thread itself */
			uint32_t no_resched; /* 0: the scheduler wants the hart; else 1 */
		};
	};
};

/* The thread may be preempted (if held is 0), and the scheduler does not want its hart. */
#define ARCH_PREEMPT_INIT(held)                  \
	{                                        \
		.count = (held), .no_resched = 1 \
	}
