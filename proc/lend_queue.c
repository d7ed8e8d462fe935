/* SPDX-License-Identifier: MIT */
/* The threads that wait for the owner of a lock. */
/*
 * The first waiter's real-time priority is the highest, so it alone lends. (Waiters without one come in turn, so that none waits
 * for ever: the first of them may have less weight than the next.) Its loan is ended before its thread, the owner or its place
 * changes, and begun anew afterwards. So a change of any of them takes two loans at most.
 */
#include "proc/lend_queue.h"

#include "sync/atomic.h"

static void lend_no_more(struct lend_queue *queue)
{
	if (!queue->lender)
		return;
	loan_end(&queue->lender->loan);
	queue->lender = NULL;
}

static void lend_again(struct lend_queue *queue, struct thread *owner)
{
	struct lend_waiter *first;

	if (!owner || lend_queue_is_empty(queue))
		return;
	first = lend_queue_first(queue);
	if (first->thread == owner) /* to which the lock is being granted */
		return;
	if (!queue->lends_always && thread_rank(first->thread) <= thread_wish_rank(owner))
		return;
	queue->lender = first;
	loan_begin(&first->loan, first->thread, owner);
}

static void lend_queue_insert(struct lend_queue *queue, struct lend_waiter *waiter)
{
	struct tree_node **link = &queue->waiters.root, *parent = NULL;

	waiter->rank = atomic_load_relaxed(&waiter->thread->runs_as.rt_priority);
	while (*link) {
		parent = *link;
		link = &parent->child[tree_entry(parent, struct lend_waiter, node)->rank >=
				      waiter->rank];
	}
	tree_insert(&queue->waiters, &waiter->node, parent, link);
}

void lend_queue_join(struct lend_queue *queue, struct lend_waiter *waiter, struct thread *owner)
{
	lend_no_more(queue);
	lend_queue_insert(queue, waiter);
	lend_again(queue, owner);
}

void lend_queue_leave(struct lend_queue *queue, struct lend_waiter *waiter, struct thread *owner)
{
	lend_no_more(queue);
	tree_erase(&queue->waiters, &waiter->node);
	lend_again(queue, owner);
}

void lend_queue_move(struct lend_queue *queue, struct lend_waiter *waiter, struct thread *owner)
{
	/* A thread that lends runs as before until it has been here itself, or its loan has ended. */
	lend_no_more(queue);
	if (waiter->rank != atomic_load_relaxed(&waiter->thread->runs_as.rt_priority)) {
		tree_erase(&queue->waiters, &waiter->node);
		lend_queue_insert(queue, waiter);
	}
	lend_again(queue, owner);
}

void lend_queue_set_owner(struct lend_queue *queue, struct thread *owner)
{
	lend_no_more(queue);
	lend_again(queue, owner);
}
