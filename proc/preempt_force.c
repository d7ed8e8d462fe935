/* SPDX-License-Identifier: MIT */
/* Forces preemption of the running thread, repeatedly or once (hardened build). */
#include "proc/preempt_force.h"

#include "arch/timer.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/spinlock.h"

static struct waitq rung = WAITQ_INIT(rung);
static uint64_t least_ticks; /* const after boot */
/* private to the thread below; where one hart runs, also to its idle thread, which no other thread preempts: */
static struct timer timer;
static bool paused; /* the timer, while the hart idles */

static void ring(struct timer *unused)
{
	waitq_wake_all(&rung);
	sched_yield_soon(); /* behind those that are ready, not just behind our thread */
}

/* xorshift64 with a state of its own, so that other random numbers do not depend on it. It is guarded as the timer. */
static uint64_t preempt_force_draw(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void preempt_force_arm(void)
{
	timer_arm(&timer, arch_time() + least_ticks + preempt_force_draw() % (least_ticks + 1));
}

/*
 * This thread does nothing but sleep and yield: waking it preempts the running thread. The timer is
 * armed only when its turn comes again. Until then every other thread that is ready has had one
 * without it, so all go on even where a switch takes longer than the timer.
 */
static void preempt_thread(void *unused)
{
	for (;;) {
		uint64_t seq = waitq_sample(&rung);

		preempt_force_arm();
		thread_wait_always(&rung, seq);
		sched_yield();
	}
}

void preempt_force_start(uint64_t ticks)
{
	if (!ticks)
		return;
	least_ticks = ticks;
	timer_init(&timer, ring);
	(void)kthread_spawn("preempt", preempt_thread, NULL);
}

void preempt_force_pause(void)
{
	/* Of several harts, others may have threads. */
	if (least_ticks && !hart_are_several() && timer_cancel(&timer))
		paused = true;
}

bool preempt_force_paused(void)
{
	return paused;
}

void preempt_force_resume(void)
{
	paused = false;
	preempt_force_arm();
}

static void strike(struct timer *unused)
{
	sched_yield_soon();
}

static struct spinlock striker_lock = SPINLOCK_INIT(LOCK_RUNQ);
/* The one timer for all callers: the last call counts. Guarded by striker_lock. */
static struct timer striker = { .fn = strike };

void preempt_once_after(uint64_t ticks)
{
	/* Two threads that arm one timer at once would corrupt the queue. */
	unsigned long flags = spin_lock_irqsave(&striker_lock);

	(void)timer_cancel(&striker);
	if (ticks)
		timer_arm(&striker, arch_time() + ticks);
	spin_unlock_irqrestore(&striker_lock, flags);
}
