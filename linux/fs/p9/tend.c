/* SPDX-License-Identifier: MIT */
/* Looks after all sessions: the kernel thread `p9`, and what it gives back when memory is short. */
#include "linux/fs/p9/tend.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/request.h"
#include "linux/fs/p9/writeback.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "sync/atomic.h"

/* How many nodes of a session go when memory is short: a hundred kilobytes or more. */
#define FORGET 64u

static uint32_t runs; /* atomic: a thread looks after the sessions */

/* Mounts that begin at the same time may have started a thread each: one stays. */
static void thread_main(void *arg)
{
	uint64_t seq = 0, last, now, next;
	struct p9_session *session = NULL;

	(void)arg;
	if (!atomic_cas(&runs, 0, 1))
		return;
	for (;;) {
		last = seq;
		seq = p9_sessions_look_begin();
		now = arch_time();
		next = UINT64_MAX;
		while ((session = p9_sessions_next(session))) {
			p9_requests_tend(session, now, seq != last, &next);
			p9_writeback_tend(session, now, &next);
		}
		p9_sessions_look_end(seq, next);
	}
}

/* Memory is short: drops the cached nodes that have not been used for the longest time. */
static void forget_some(void)
{
	struct p9_session *session = NULL;

	while ((session = p9_sessions_next(session)))
		(void)p9_nodes_forget(session, FORGET);
}

/* A mount that finds no thread running starts its own: that of another mount may not come to be. */
int p9_tend_start(void)
{
	atomic_store(&relieve_hook, forget_some);
	return atomic_load(&runs) || kthread_spawn("p9", thread_main, NULL) ? 0 : -ENOMEM;
}
