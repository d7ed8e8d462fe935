/* SPDX-License-Identifier: MIT */
/* Keeps some frames free, so that programs seldom have to wait for reclaim themselves. */
#include "proc/reclaim_thread.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/reclaim.h"
#include "proc/kthread.h"
#include "proc/wait.h"

/* When nothing can be reclaimed: how long until the next attempt. */
#define REST_NS NSEC_PER_SEC

/* No thread wakes it. */
static struct waitq rest = WAITQ_INIT(rest);

static void take_a_rest(void)
{
	uint64_t seq = waitq_sample(&rest);

	thread_sleep_always(&rest, seq, clock_deadline_in(REST_NS));
}

static void reclaim_main(void *unused)
{
	for (;;) {
		uint64_t seq = waitq_sample(&page_alloc_low);
		size_t missing = page_alloc_missing();

		if (!missing)
			thread_wait_always(&page_alloc_low, seq);
		else if (reclaim_ahead(missing) < MIN(missing, (size_t)RECLAIM_BATCH))
			take_a_rest();
	}
}

int reclaim_thread_start(void)
{
	return kthread_spawn("reclaim", reclaim_main, NULL) ? 0 : -ENOMEM;
}
