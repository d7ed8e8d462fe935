/* SPDX-License-Identifier: MIT */
/* Priority inheritance: a thread that others wait for runs with the highest of their priorities. */
#pragma once

#include "lib/tree.h"
#include "proc/sched.h"
#include "proc/thread.h"

/* So many loans in a row lead to a thread that runs, at most. Who would lend to a longer chain lends nothing. */
#define LOAN_CHAIN_MAX 64

/*
 * A loan of priority. The lender waits for the borrower, which runs with the lender's policy, priority and weight if these go
 * before its own. If the borrower waits for a third thread, it lends to that in turn. The struct lies on the lender's stack, or in
 * a call of the kernel's that nobody need wait for, and is guarded by the lock of all loans.
 */
struct loan {
	struct tree_node node;	 /* of borrower->loans: the highest first, then the oldest */
	struct thread *lender;	 /* NULL: `any` is lent as it is, and nobody waits */
	struct thread *borrower; /* NULL: it has been freed, or was never lent to; atomic */
	uint64_t any; /* of struct sched_wish: what the lender ran as when it was looked at last */
};

/* A thread with a higher rank goes before one with a lower rank. */
static inline uint64_t wish_rank(struct sched_wish wish)
{
	return wish.rt_priority ? 1ul << 32 | wish.rt_priority : wish.weight ?: WEIGHT_USUAL;
}

/* The rank of what the thread runs as now. It may change at any time. */
static inline uint64_t thread_rank(const struct thread *thread)
{
	return wish_rank((struct sched_wish){ .any = atomic_load_relaxed(&thread->runs_as.any) });
}

/* The rank of what the thread asked for: it never runs with a lower one. It may change at any time. */
static inline uint64_t thread_wish_rank(const struct thread *thread)
{
	return wish_rank((struct sched_wish){ .any = atomic_load_relaxed(&thread->wish.any) });
}

/*
 * The lender lends to the borrower until loan_end(). Nothing is lent if the chain of threads that the borrower waits for comes
 * back to the lender, or is longer than LOAN_CHAIN_MAX, or if the lender has another loan: it has one at a time. The caller keeps both threads
 * from being freed before this returns. Call with no run queue's lock held.
 */
void loan_begin(struct loan *loan, struct thread *lender, struct thread *borrower);
/*
 * Lends `any` of the loan: what a thread ran as that has begun something, and need not wait for it. For the rest as loan_begin().
 */
void loan_begin_alone(struct loan *loan, struct thread *borrower);
void loan_end(struct loan *loan);

/*
 * A thread that waits for another, and lends to it, calls loan_watch(), looks at what it runs as, and sleeps until `must_lend` is
 * set, too (thread_park_again()). Then what it is to run as has changed: it calls loan_watch_again(), and changes its loan, by
 * loan_pass_on() or by lend_queue_move(), or begins one. loan_watch() returns what loan_watch_end() takes: a wait inside another
 * one leaves that as it was.
 */
static inline bool loan_watch(struct thread *thread)
{
	bool outer = atomic_load_relaxed(&thread->may_lend);

	atomic_store_relaxed(&thread->may_lend, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return outer;
}

static inline void loan_watch_again(struct thread *thread)
{
	atomic_store_relaxed(&thread->must_lend, false);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void loan_watch_end(struct thread *thread, bool outer)
{
	atomic_store(&thread->may_lend, outer);
}

/* Changes the running thread's own loan to what it runs as now. Call with no spinning lock held. */
void loan_pass_on(void);

/* Does the loan have a borrower? It may have lost it at any time. */
static inline bool loan_is_lent(const struct loan *loan)
{
	return atomic_load_relaxed(&loan->borrower) != NULL;
}

/* The thread is about to be freed. Who still lends to it is woken, to find another thread to lend to. */
void loan_forget(struct thread *borrower);

/*
 * What a thread of a process asks of the scheduler from now on: its policy, priority, nice value and weight: `any` of struct
 * sched_wish. Call with process_tree_lock held.
 */
void loan_set_wish(struct thread *thread, uint64_t any);

/* As loan_set_wish(), for several threads in one hold of the lock of all loans. Interrupts are off meanwhile, so take few. */
unsigned long loan_hold(void);
void loan_set_wish_held(struct thread *thread, uint64_t any);
void loan_release(unsigned long flags);
