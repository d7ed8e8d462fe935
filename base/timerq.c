/* SPDX-License-Identifier: MIT */
/* Timer queues: each hart has a tree of timers, ordered by deadline. */
#include "base/timerq.h"

#include "arch/timer.h"
#include "base/hart.h"

void timerq_init(struct timerq *queue)
{
	spin_init(&queue->lock, LOCK_TIMERQ);
	tree_init(&queue->timers);
	queue->earliest = NULL;
	queue->running = NULL;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	*timer = (struct timer){ .fn = fn };
}

void timer_init_alone(struct timer *timer, void (*fn)(struct timer *timer))
{
	*timer = (struct timer){ .fn = fn, .alone = true };
}

static struct timer *timer_of(struct tree_node *node)
{
	return tree_entry(node, struct timer, node);
}

static uint64_t timerq_next_locked(const struct timerq *queue)
{
	assert_hardened(spin_lock_held(&queue->lock));
	return queue->earliest != NULL ? timer_of(queue->earliest)->deadline : UINT64_MAX;
}

/* Inserts the timer behind those with the same deadline. Call with queue->lock held. */
static void timerq_insert(struct timerq *queue, struct timer *timer)
{
	struct tree_node **link = &queue->timers.root;
	struct tree_node *parent = NULL;
	bool earliest = true;

	while (*link != NULL) {
		bool after = timer->deadline >= timer_of(*link)->deadline;

		parent = *link;
		link = &parent->child[after];
		earliest = earliest && !after;
	}
	tree_insert(&queue->timers, &timer->node, parent, link);
	if (earliest)
		queue->earliest = &timer->node;
	timer->queue = queue;
	timer->armed = true;
}

/* Call with queue->lock held and the timer armed on this queue. */
static void timerq_remove(struct timerq *queue, struct timer *timer)
{
	if (queue->earliest == &timer->node)
		queue->earliest = tree_next(&timer->node);
	tree_erase(&queue->timers, &timer->node);
	timer->armed = false;
}

/* Takes the timer off its queue. Returns whether it was armed, and in *running whether fn runs. */
static bool timer_disarm(struct timer *timer, struct timerq *queue, bool *running)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	bool was = timer->armed;

	if (was)
		timerq_remove(queue, timer);
	*running = queue->running == timer;
	spin_unlock_irqrestore(&queue->lock, flags);
	return was;
}

/*
 * Takes the timer off another hart's queue. If its fn runs there, the timer is armed there again, and true is returned:
 * timer_cancel() finds a fn that runs by the timer's queue. That hart sees the deadline when fn has returned.
 */
static bool timer_leave(struct timer *timer, struct timerq *queue, uint64_t deadline_ticks)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	bool stays = queue->running == timer;

	if (timer->armed)
		timerq_remove(queue, timer);
	if (stays) {
		timer->deadline = deadline_ticks;
		timerq_insert(queue, timer);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return stays;
}

void timer_arm(struct timer *timer, uint64_t deadline_ticks)
{
	struct timerq *queue = &arch_this_hart()->timers;
	unsigned long flags;
	bool running;

	if (timer->queue == queue)
		timer_disarm(timer, queue, &running);
	else if (timer->queue != NULL && timer_leave(timer, timer->queue, deadline_ticks))
		return;
	flags = spin_lock_irqsave(&queue->lock);
	timer->deadline = deadline_ticks;
	timerq_insert(queue, timer);
	if (queue->earliest == &timer->node)
		arch_timer_set(deadline_ticks);
	spin_unlock_irqrestore(&queue->lock, flags);
}

bool timer_cancel(struct timer *timer)
{
	struct timerq *queue = timer->queue;
	bool running;
	bool was;

	if (queue == NULL)
		return false;
	was = timer_disarm(timer, queue, &running);
	/* If it is on this hart's queue, only fn itself can find it running: do not wait for it. */
	while (running && queue != &arch_this_hart()->timers) {
		spin_pause();
		timer_disarm(timer, queue, &running);
	}
	return was;
}

/* Interrupts are off for so many timers at most, or for one that is `alone`. Programs may have many that end at one time. */
#define TIMERS_AT_ONCE 4u

/* Takes the first timer off the queue if it is due, and may be called after n others; else NULL. Call with queue->lock held. */
static struct timer *take_due_locked(struct timerq *queue, unsigned n)
{
	struct timer *timer;

	assert_hardened(spin_lock_held(&queue->lock));
	if (n >= TIMERS_AT_ONCE || timerq_next_locked(queue) > arch_time() || !queue->earliest)
		return NULL;
	timer = timer_of(queue->earliest);
	if (timer->alone && n > 0)
		return NULL;
	timerq_remove(queue, timer);
	return timer;
}

/* For those that are left the hart's timer rings again at once: their deadline is over. */
void timerq_run(void)
{
	struct timerq *queue = &arch_this_hart()->timers;
	unsigned n = 0;

	for (;;) {
		unsigned long flags = spin_lock_irqsave(&queue->lock);
		struct timer *timer = take_due_locked(queue, n);

		queue->running = timer;
		if (!timer)
			arch_timer_set(timerq_next_locked(queue));
		spin_unlock_irqrestore(&queue->lock, flags);
		if (!timer)
			return;
		n += timer->alone ? TIMERS_AT_ONCE : 1; /* fn may free it */
		timer->fn(timer);
	}
}

void timerq_rearm(void)
{
	struct timerq *queue = &arch_this_hart()->timers;
	unsigned long flags = spin_lock_irqsave(&queue->lock);

	arch_timer_set(timerq_next_locked(queue));
	spin_unlock_irqrestore(&queue->lock, flags);
}

uint64_t timerq_next(void)
{
	struct timerq *queue = &arch_this_hart()->timers;
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	uint64_t next = timerq_next_locked(queue);

	spin_unlock_irqrestore(&queue->lock, flags);
	return next;
}
