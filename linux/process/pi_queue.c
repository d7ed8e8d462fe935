/* SPDX-License-Identifier: MIT */
/* Who waits for whom by futexes with priority inheritance. */
#include "linux/process/pi_queue.h"

#include "base/random.h"
#include "lib/bits.h"
#include "linux/process/task.h"
#include "mm/object/object.h"
#include "mm/vm_wait.h"
#include "proc/sched.h"

#define BUCKETS 256

/* As on Linux: a longer chain of owners that wait for each other counts as a deadlock. */
#define CHAIN_MOST 1024

struct spinlock pi_lock = SPINLOCK_INIT(LOCK_FUTEX_PI);
unsigned pi_nqueues; /* changed under pi_lock; atomic */

static struct {
	struct list queues; /* guarded by pi_lock */
	uint64_t changes;   /* changed under pi_lock; atomic */
} buckets[BUCKETS];
/* const after boot; so that programs cannot choose words of one bucket */
static uint64_t hash_seed;

void pi_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&buckets[i].queues);
	random_bytes(&hash_seed, sizeof(hash_seed));
}

static unsigned pi_bucket(const struct memory_key *key)
{
	return memory_key_hash(key, hash_seed) % BUCKETS;
}

uint64_t pi_changes(const struct memory_key *key)
{
	return atomic_load(&buckets[pi_bucket(key)].changes);
}

void pi_count_change(const struct memory_key *key)
{
	uint64_t *changes = &buckets[pi_bucket(key)].changes;

	assert_hardened(spin_lock_held(&pi_lock));
	/* Who samples the new count sees the word that the program has stored before. */
	atomic_store(changes, *changes + 1);
}

/* ---- queues ---- */

struct pi_queue *pi_queue_find(const struct memory_key *key)
{
	struct pi_queue *queue;

	assert_hardened(spin_lock_held(&pi_lock));
	list_for_each_entry(queue, &buckets[pi_bucket(key)].queues, link)
		if (memory_key_equal(&queue->key, key))
			return queue;
	return NULL;
}

struct pi_queue *pi_queue_begin(struct pi_waiter *waiter, const struct memory_key *key,
				struct thread *owner)
{
	struct pi_queue *queue = waiter->spare;

	assert_hardened(spin_lock_held(&pi_lock));
	*queue = (struct pi_queue){ .key = *key, .is_lock = owner != NULL };
	lend_queue_init(&queue->waiters, true);
	list_init(&queue->spares);
	list_add(&buckets[pi_bucket(key)].queues, &queue->link);
	atomic_store_relaxed(&pi_nqueues, pi_nqueues + 1);
	if (owner)
		pi_set_owner(queue, owner);
	return queue;
}

static void queue_end(struct pi_queue *queue)
{
	assert_hardened(list_empty(&queue->spares));
	if (queue->owner)
		list_del(&queue->owned);
	list_del(&queue->link);
	atomic_store_relaxed(&pi_nqueues, pi_nqueues - 1);
}

/* ---- waiters ---- */

struct pi_waiter *pi_first(const struct pi_queue *queue)
{
	return container_of(lend_queue_first(&queue->waiters), struct pi_waiter, in);
}

static void end_sleep(struct pi_waiter *waiter)
{
	atomic_store(&waiter->done, 1);
	thread_wake(waiter->in.thread);
}

/* A lock without an owner is for its first waiter, whoever that is now. */
static void offer_ownerless(const struct pi_queue *queue)
{
	if (queue->is_lock && !queue->owner)
		end_sleep(pi_first(queue));
}

void pi_join(struct pi_queue *queue, struct pi_waiter *waiter)
{
	assert_hardened(spin_lock_held(&pi_lock) && !waiter->queue);
	if (queue != waiter->spare)
		list_add(&queue->spares, &waiter->spare->link);
	waiter->spare = NULL;
	waiter->queue = queue;
	task_of(waiter->in.thread)->pi.waits = waiter;
	lend_queue_join(&queue->waiters, &waiter->in, queue->owner);
	offer_ownerless(queue);
}

void pi_leave(struct pi_waiter *waiter)
{
	struct pi_queue *queue = waiter->queue;

	assert_hardened(spin_lock_held(&pi_lock) && !waiter->spare);
	lend_queue_leave(&queue->waiters, &waiter->in, queue->owner);
	waiter->queue = NULL;
	task_of(waiter->in.thread)->pi.waits = NULL;
	if (lend_queue_is_empty(&queue->waiters)) {
		queue_end(queue);
		waiter->spare = queue;
	} else {
		waiter->spare = list_first_entry(&queue->spares, struct pi_queue, link);
		list_del(&waiter->spare->link);
		offer_ownerless(queue);
	}
}

static struct list *pi_owned(struct thread *owner)
{
	struct list *owned = &task_of(owner)->pi.owned;

	if (!owned->next)
		list_init(owned);
	return owned;
}

void pi_set_owner(struct pi_queue *queue, struct thread *owner)
{
	assert_hardened(spin_lock_held(&pi_lock) && queue->is_lock);
	lend_queue_set_owner(&queue->waiters, owner);
	if (queue->owner)
		list_del(&queue->owned);
	queue->owner = owner;
	if (owner)
		list_add(pi_owned(owner), &queue->owned);
	else
		offer_ownerless(queue);
}

void pi_grant_free(struct pi_waiter *waiter)
{
	pi_leave(waiter);
	waiter->is_granted = true;
	end_sleep(waiter);
}

void pi_grant(struct pi_waiter *waiter)
{
	struct pi_queue *queue = waiter->queue;

	pi_set_owner(queue,
		     waiter->in.thread); /* before it leaves: so the others are offered nothing */
	pi_grant_free(waiter);
}

void pi_priority_changed(struct thread *thread)
{
	struct pi_waiter *waiter;

	spin_lock(&pi_lock);
	waiter = task_of(thread)->pi.waits;
	if (waiter) {
		struct pi_queue *queue = waiter->queue;

		lend_queue_move(&queue->waiters, &waiter->in, queue->owner);
		offer_ownerless(queue);
	}
	spin_unlock(&pi_lock);
}

/* ---- owners ---- */

/* As the waiter waits for nothing yet, it is in a ring only as the end of the chain. */
bool pi_is_deadlock(const struct pi_waiter *waiter, const struct thread *owner)
{
	assert_hardened(spin_lock_held(&pi_lock));
	for (unsigned n = 0; n < CHAIN_MOST; n++) {
		const struct pi_waiter *next;

		if (!owner)
			return false;
		if (owner == waiter->in.thread)
			return true;
		next = task_of(owner)->pi.waits;
		if (!next)
			return false;
		owner = next->queue->owner;
	}
	return true;
}

/* Each lock in a hold of its own, and those only that others wait for now. */
void pi_let_go(void)
{
	struct pi_thread *own = &current_task()->pi;
	struct list owned = LIST_INIT(owned);

	spin_lock(&pi_lock);
	list_splice_tail(&owned, &own->owned);
	while (!list_empty(&owned)) {
		pi_set_owner(list_first_entry(&owned, struct pi_queue, owned), NULL);
		spin_unlock(&pi_lock);
		(void)vm_pause();
		spin_lock(&pi_lock);
	}
	spin_unlock(&pi_lock);
}

/* No other thread runs meanwhile. */
void pi_find_held(const struct thread *thread)
{
	const struct pi_waiter *waiter = task_of(thread)->pi.waits;

	if (waiter && waiter->at.object)
		object_found(waiter->at.object);
	if (waiter && waiter->lock.object)
		object_found(waiter->lock.object);
}
