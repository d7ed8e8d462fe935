/* SPDX-License-Identifier: MIT */
/* Sleeping and waking: no wake-up is lost, no deadline is early, waiting locks exclude. */
#include "abi/errno.h"
#include "base/clock.h"
#include "proc/kthread.h"
#include "proc/mutex.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"

#define MS     (NSEC_PER_SEC / 1000)
#define ROUNDS 2000

KTEST(proc_wait_after_the_wake_returns_at_once)
{
	struct waitq queue = WAITQ_INIT(queue);
	uint64_t seq = waitq_sample(&queue);

	waitq_wake_all(&queue);
	EXPECT_EQ(0, thread_wait(&queue, seq));
	EXPECT_EQ(0, thread_wait_until(&queue, seq, UINT64_MAX));
	thread_wait_always(&queue, seq);
}

KTEST(proc_wait_until_ends_at_the_deadline_not_before)
{
	struct waitq queue = WAITQ_INIT(queue);

	for (unsigned i = 0; i < 5; i++) {
		uint64_t deadline = arch_time() + clock_ns_to_ticks(i * MS);

		EXPECT_EQ(-ETIMEDOUT, thread_wait_until(&queue, waitq_sample(&queue), deadline));
		EXPECT_TRUE(arch_time() >= deadline);
	}
	EXPECT_EQ(-ETIMEDOUT, thread_wait_until(&queue, waitq_sample(&queue), 0));
}

/* Two threads that hand a ball to each other; whoever misses a wake-up sleeps for ever. */
struct game {
	struct waitq queue;
	unsigned ball;
	bool over;
};

static void await_ball(struct game *game, unsigned wanted)
{
	for (;;) {
		uint64_t seq = waitq_sample(&game->queue);

		if (atomic_load(&game->ball) == wanted)
			return;
		thread_wait_always(&game->queue, seq);
	}
}

static void throw_ball(struct game *game, unsigned ball)
{
	atomic_store(&game->ball, ball);
	waitq_wake_all(&game->queue);
}

static void partner(void *arg)
{
	struct game *game = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		await_ball(game, 2 * i + 1);
		throw_ball(game, 2 * i + 2);
	}
	atomic_store(&game->over, true);
}

KTEST(proc_no_wake_up_is_lost)
{
	static struct game game;

	game = (struct game){ 0 };
	waitq_init(&game.queue);
	ASSERT_TRUE(kthread_spawn("partner", partner, &game));
	for (unsigned i = 0; i < ROUNDS; i++) {
		throw_ball(&game, 2 * i + 1);
		await_ball(&game, 2 * i + 2);
	}
	while (!atomic_load(&game.over))
		sched_yield();
	EXPECT_EQ(2 * ROUNDS, game.ball);
	ktest_settle();
}

static struct mutex lock;
static unsigned inside, most_inside, done, counter;

static void enter_often(void *arg)
{
	for (unsigned i = 0; i < 200; i++) {
		unsigned seen;

		mutex_lock(&lock);
		EXPECT_TRUE(mutex_held(&lock));
		most_inside = ++inside > most_inside ? inside : most_inside;
		seen = counter;
		sched_yield();
		counter = seen + 1;
		inside--;
		mutex_unlock(&lock);
		EXPECT_TRUE(!mutex_held(&lock));
	}
	atomic_add(&done, 1);
}

/* The holder lets others run inside: they must wait. */
KTEST(proc_mutex_lets_one_in)
{
	mutex_init(&lock, LOCK_PIPE);
	inside = most_inside = done = counter = 0;
	for (unsigned i = 0; i < 5; i++)
		ASSERT_TRUE(kthread_spawn("entering", enter_often, NULL));
	while (atomic_load(&done) < 5)
		sched_yield();
	EXPECT_EQ(1, most_inside);
	EXPECT_EQ(1000, counter);
	EXPECT_EQ(0, lock.waiting);
	EXPECT_TRUE(lock.owner == NULL);
	ktest_settle();
}
