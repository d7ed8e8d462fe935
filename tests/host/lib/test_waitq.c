/* SPDX-License-Identifier: MIT */
/* Wait queues: each rule alone, then threads that would hang if a wake-up were lost. */
#include <pthread.h>
#include <semaphore.h>

#include "arch/irqflags.h"
#include "sync/interleave.h"
#include "sync/waitq.h"
#include "test.h"

static _Thread_local struct lockorder order;

struct lockorder *lockorder_this_hart(void)
{
	return &order;
}

struct sleeper {
	struct waiter waiter;
	sem_t wake;
	unsigned calls;
};

static void sleeper_wake(struct waiter *waiter)
{
	struct sleeper *sleeper = container_of(waiter, struct sleeper, waiter);

	sleeper->calls++;
	sem_post(&sleeper->wake);
}

static void sleeper_init(struct sleeper *sleeper)
{
	waiter_init(&sleeper->waiter, sleeper_wake);
	sem_init(&sleeper->wake, 0, 0);
	sleeper->calls = 0;
}

static struct waitq queue;
static struct sleeper sleepers[3];

void test_setup(void)
{
	order = (struct lockorder){ 0 };
	arch_irq_enable();
	waitq_init(&queue);
	for (unsigned i = 0; i < 3; i++)
		sleeper_init(&sleepers[i]);
}

TEST(moved_sequence_is_not_waited_for)
{
	uint64_t seq = waitq_sample(&queue);

	assert_false(waitq_wake_one(&queue));
	assert_int_equal(seq + 1, waitq_sample(&queue));
	assert_false(waitq_enqueue(&queue, &sleepers[0].waiter, seq));
	assert_false(waitq_cancel(&sleepers[0].waiter));
	assert_int_equal(0, sleepers[0].calls);
}

TEST(wake_one_in_order)
{
	uint64_t seq = waitq_sample(&queue);

	for (unsigned i = 0; i < 3; i++)
		assert_true(waitq_enqueue(&queue, &sleepers[i].waiter, seq));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(waitq_wake_one(&queue));
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(k <= i, sleepers[k].calls);
	}
	assert_false(waitq_wake_one(&queue));
	assert_int_equal(seq + 4, waitq_sample(&queue));
}

TEST(wake_all)
{
	uint64_t seq = waitq_sample(&queue);

	for (unsigned i = 0; i < 3; i++)
		waitq_enqueue(&queue, &sleepers[i].waiter, seq);
	assert_int_equal(3, waitq_wake_all(&queue));
	assert_int_equal(0, waitq_wake_all(&queue));
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(1, sleepers[i].calls);
		assert_false(waitq_cancel(&sleepers[i].waiter));
	}
}

/* More than are woken while the lock is held once. */
#define MANY 30
static struct sleeper many[MANY];

TEST(wake_many)
{
	uint64_t seq = waitq_sample(&queue);

	for (unsigned n = 7; n < MANY; n++) {
		seq = waitq_sample(&queue);
		for (unsigned i = 0; i < n; i++) {
			sleeper_init(&many[i]);
			assert_true(waitq_enqueue(&queue, &many[i].waiter, seq));
		}
		assert_int_equal(n, waitq_wake_all(&queue));
		assert_int_equal(seq + 1, waitq_sample(&queue));
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(1, many[i].calls);
		assert_false(waitq_wake_one(&queue));
	}
}

/* Between two pieces one who was woken waits again, for what comes after this change. */
static void wait_again(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_WAITQ || !many[0].calls)
		return;
	interleave_hook = NULL;
	assert_true(waitq_enqueue(&queue, &many[0].waiter, waitq_sample(&queue)));
}

TEST(wake_all_ends)
{
	uint64_t seq = waitq_sample(&queue);

	for (unsigned i = 0; i < 20; i++) {
		sleeper_init(&many[i]);
		assert_true(waitq_enqueue(&queue, &many[i].waiter, seq));
	}
	interleave_hook = wait_again;
	assert_int_equal(20, waitq_wake_all(&queue));
	assert_null(interleave_hook);
	assert_int_equal(1, many[0].calls);
	assert_true(waitq_cancel(&many[0].waiter));
}

/* ---- with interrupts off a few are woken; the last of them is to wake the rest ---- */

static void enqueue_many(unsigned n)
{
	uint64_t seq = waitq_sample(&queue);

	for (unsigned i = 0; i < n; i++) {
		sleeper_init(&many[i]);
		assert_true(waitq_enqueue(&queue, &many[i].waiter, seq));
	}
}

static unsigned wake_all_in_interrupt(void)
{
	unsigned woken;

	arch_irq_disable();
	woken = waitq_wake_all(&queue);
	arch_irq_enable();
	return woken;
}

/* The first `first` of all but `without` have been woken, once, and nobody else. */
static void assert_woken(unsigned first, unsigned without)
{
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(i < first && i != without, many[i].calls);
}

TEST(wake_few_in_interrupt)
{
	for (unsigned n = 0; n < 2; n++) {
		enqueue_many(n);
		assert_int_equal(n, wake_all_in_interrupt());
	}
	enqueue_many(MANY);
	assert_int_equal(2, wake_all_in_interrupt());
	assert_woken(2, MANY);
	/* This one comes after the change. */
	assert_true(waitq_enqueue(&queue, &sleepers[0].waiter, waitq_sample(&queue)));
	/* The first may end, or stay where it is. */
	assert_false(waitq_cancel(&many[0].waiter));
	assert_woken(2, MANY);
	assert_false(waitq_cancel(&many[1].waiter));
	assert_woken(MANY, MANY);
	assert_int_equal(0, sleepers[0].calls);
	assert_true(waitq_cancel(&sleepers[0].waiter));
	/* All refer to nothing, and may wait again. */
	enqueue_many(MANY);
	assert_int_equal(MANY, waitq_wake_all(&queue));
}

/* R130: as under a spinning lock. */
TEST(wake_some_without_preemption)
{
	preempt_disable();
	enqueue_many(17);
	assert_int_equal(17, waitq_wake_all(&queue));
	assert_true(list_empty(&queue.waiters));
	enqueue_many(MANY);
	assert_int_equal(18, waitq_wake_all(&queue));
	preempt_enable();
	assert_woken(18, MANY);
	assert_false(waitq_cancel(&many[3].waiter));
	assert_woken(18, MANY);
	assert_false(waitq_cancel(&many[17].waiter));
	assert_woken(MANY, MANY);
	assert_true(list_empty(&queue.waiters));
}

/* One of the rest gives up; and before they are woken all are to be woken once more. */
TEST(wake_few_twice_in_interrupt)
{
	enqueue_many(MANY);
	assert_int_equal(2, wake_all_in_interrupt());
	assert_true(waitq_cancel(&many[4].waiter));
	assert_int_equal(2, wake_all_in_interrupt());
	assert_woken(4, 4);
	assert_false(waitq_cancel(&many[1].waiter));
	assert_woken(MANY, 4);
	assert_false(waitq_cancel(&many[3].waiter));
	assert_woken(MANY, 4);
	assert_true(list_empty(&queue.waiters));
}

/* A wake-up of one goes to who has to be woken anyway: it looks at both changes. */
TEST(wake_one_before_the_rest)
{
	enqueue_many(MANY);
	assert_int_equal(2, wake_all_in_interrupt());
	assert_true(waitq_wake_one(&queue));
	assert_woken(3, MANY);
	/* This one comes after both. */
	assert_true(waitq_enqueue(&queue, &sleepers[0].waiter, waitq_sample(&queue)));
	assert_false(waitq_cancel(&many[1].waiter));
	assert_woken(MANY, MANY);
	assert_int_equal(0, sleepers[0].calls);
}

/* Who is to wake the rest ends its own wait with interrupts off: it leaves them to the next. */
TEST(rest_is_passed_on_in_interrupt)
{
	enqueue_many(MANY);
	assert_int_equal(2, wake_all_in_interrupt());
	for (unsigned i = 1; i < MANY; i++) {
		assert_woken(i + 1, MANY);
		arch_irq_disable();
		assert_false(waitq_cancel(&many[i].waiter));
		arch_irq_enable();
	}
	assert_woken(MANY, MANY);
	assert_true(list_empty(&queue.waiters));
}

static void wake_takes(struct waiter *waiter)
{
	container_of(waiter, struct sleeper, waiter)->calls++;
	waiter->took = true;
}

static void assert_calls(unsigned from, unsigned n, int calls)
{
	for (unsigned i = from; i < from + n; i++)
		assert_int_equal(calls, many[i].calls);
}

/* Of exclusive waiters one takes the wake-up, in whatever piece it comes; who has no use for it does not count. */
TEST(exclusive_waiters)
{
	for (unsigned n = 1; n < 16; n++) {
		enqueue_many(MANY);
		for (unsigned i = n; i < MANY; i++) {
			many[i].waiter.exclusive = true;
			many[i].waiter.wake = wake_takes;
		}
		many[0].waiter.exclusive = true; /* it takes none */
		assert_int_equal(n + 1, waitq_wake_all(&queue));
		assert_calls(0, n + 1, 1);
		assert_calls(n + 1, MANY - n - 1, 0);
		/* The others are still there, in their order, for the next. */
		assert_int_equal(1, waitq_wake_all(&queue));
		assert_int_equal(1, many[n + 1].calls);
		assert_true(waitq_wake_one(&queue));
		assert_int_equal(1, many[n + 2].calls);
		for (unsigned i = n + 3; i < MANY; i++)
			assert_true(waitq_cancel(&many[i].waiter));
	}
}

/* What a successor is left includes whether an exclusive waiter has taken the wake-up. */
TEST(exclusive_waiters_of_an_interrupt)
{
	enqueue_many(MANY);
	for (unsigned i = 0; i < MANY; i++) {
		many[i].waiter.exclusive = i != 1;
		many[i].waiter.wake = wake_takes;
	}
	assert_int_equal(2, wake_all_in_interrupt());
	assert_calls(0, 2, 1);
	assert_false(waitq_cancel(&many[1].waiter));
	assert_calls(2, MANY - 2, 0);
	for (unsigned i = 2; i < MANY; i++)
		assert_true(waitq_cancel(&many[i].waiter));
}

/* A successor may hand the others on itself; then it is an ordinary waiter that was woken. */
static uint64_t left_seq;

static void hand_on(struct waiter *waiter)
{
	container_of(waiter, struct sleeper, waiter)->calls++;
	if (!waiter->successor)
		return;
	assert_ptr_equal(&queue, waiter->queue);
	left_seq = waiter->seq;
	waiter->successor = false;
}

TEST(successor_hands_on)
{
	enqueue_many(MANY);
	many[1].waiter.wake = hand_on;
	assert_int_equal(2, wake_all_in_interrupt());
	assert_true(waitq_enqueue(&queue, &sleepers[0].waiter, waitq_sample(&queue)));
	assert_false(waitq_cancel(&many[1].waiter));
	assert_calls(2, MANY - 2, 0);
	waitq_wake_rest(&queue, left_seq, false);
	assert_calls(0, MANY, 1);
	assert_int_equal(0, sleepers[0].calls);
	assert_true(waitq_cancel(&sleepers[0].waiter));
}

/* One is woken, who wakes the rest. */
TEST(wake_relay)
{
	enqueue_many(0);
	arch_irq_disable();
	waitq_wake_relay(&queue);
	arch_irq_enable();
	for (unsigned n = 1; n < MANY; n++) {
		enqueue_many(n);
		arch_irq_disable();
		waitq_wake_relay(&queue);
		arch_irq_enable();
		assert_calls(0, 1, 1);
		assert_calls(1, n - 1, 0);
		assert_false(waitq_cancel(&many[0].waiter));
		assert_calls(0, n, 1);
		assert_true(list_empty(&queue.waiters));
	}
}

/* Nobody is woken, until somebody wakes those that waited at the time. */
TEST(wake_later)
{
	uint64_t seq;

	enqueue_many(0);
	arch_irq_disable();
	assert_false(waitq_wake_later(&queue, &seq));
	arch_irq_enable();
	enqueue_many(MANY);
	arch_irq_disable();
	assert_true(waitq_wake_later(&queue, &seq));
	arch_irq_enable();
	assert_calls(0, MANY, 0);
	assert_false(waitq_enqueue(&queue, &sleepers[0].waiter, seq - 1));
	assert_true(waitq_enqueue(&queue, &sleepers[0].waiter, seq));
	waitq_wake_rest(&queue, seq, false);
	assert_calls(0, MANY, 1);
	assert_int_equal(0, sleepers[0].calls);
	assert_true(waitq_cancel(&sleepers[0].waiter));
}

TEST(cancel)
{
	uint64_t seq = waitq_sample(&queue);

	for (unsigned i = 0; i < 3; i++)
		waitq_enqueue(&queue, &sleepers[i].waiter, seq);
	assert_true(waitq_cancel(&sleepers[1].waiter));
	assert_false(waitq_cancel(&sleepers[1].waiter));
	assert_int_equal(2, waitq_wake_all(&queue));
	assert_int_equal(0, sleepers[1].calls);
	/* and it can wait again */
	assert_true(waitq_enqueue(&queue, &sleepers[1].waiter, waitq_sample(&queue)));
	assert_true(waitq_wake_one(&queue));
	assert_int_equal(1, sleepers[1].calls);
}

TEST(enqueued_twice)
{
	uint64_t seq = waitq_sample(&queue);

	assert_true(waitq_enqueue(&queue, &sleepers[0].waiter, seq));
	assert_true(panics(waitq_enqueue(&queue, &sleepers[0].waiter, seq)));
}

/* Goods made and taken by threads; one waits only while there are none. */
#define GOODS 30000
static unsigned goods, taken, closed;

static void *take_goods(void *arg)
{
	(void)arg;
	for (;;) {
		struct sleeper self;
		uint64_t seq = waitq_sample(&queue);
		unsigned n = atomic_load(&goods);

		if (n > 0) {
			if (atomic_cas(&goods, n, n - 1))
				counter_add(&taken, 1);
			continue;
		}
		if (atomic_load(&closed))
			return NULL;
		sleeper_init(&self);
		if (waitq_enqueue(&queue, &self.waiter, seq)) {
			sem_wait(&self.wake);
			waitq_cancel(&self.waiter);
		}
		/*
		 * The waiter is gone with this turn of the loop: a late wake() would be seen by
		 * ASan.
		 */
		sem_destroy(&self.wake);
	}
}

static void *make_goods(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < GOODS; i++) {
		atomic_add(&goods, 1);
		waitq_wake_one(&queue);
	}
	return NULL;
}

TEST(no_wake_up_is_lost)
{
	pthread_t makers[2], takers[3];

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(0, pthread_create(&takers[i], NULL, take_goods, NULL));
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(0, pthread_create(&makers[i], NULL, make_goods, NULL));
	for (unsigned i = 0; i < 2; i++)
		pthread_join(makers[i], NULL);
	atomic_store(&closed, 1);
	waitq_wake_all(&queue);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(takers[i], NULL);
	assert_int_equal(2 * GOODS, taken);
	assert_true(list_empty(&queue.waiters));
}
