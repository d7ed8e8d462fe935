/* SPDX-License-Identifier: MIT */
/* Keeps a list of all who wait for times of the wall clock, and tells them when it is set. */
/*
 * A timer on the list is armed, on some hart, for the tick at which the clock will show its time. It is armed anew under
 * the same lock under which the clock is set, so it never has the tick of an older setting.
 */
#include "base/wall_clock.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "lib/bits.h"

/* So many are called in one hold of the lock. */
#define TOLD_AT_ONCE 8u

static struct spinlock wall_lock = SPINLOCK_INIT(LOCK_WALL_CLOCK);
/* guarded by wall_lock: */
static struct list watches = LIST_INIT(watches); /* those that were called last at the end */
static unsigned times_set;

void wall_watch_init(struct wall_watch *watch, void (*was_set)(struct wall_watch *watch))
{
	*watch = (struct wall_watch){ .was_set = was_set };
	list_init(&watch->link);
}

/* Call with wall_lock held. */
static void watch_link(struct wall_watch *watch)
{
	assert_hardened(spin_lock_held(&wall_lock));
	list_del(&watch->link);
	watch->seen = times_set;
	list_add_tail(&watches, &watch->link);
}

void wall_watch_add(struct wall_watch *watch)
{
	unsigned long flags = spin_lock_irqsave(&wall_lock);

	if (list_empty(&watch->link))
		watch_link(watch);
	spin_unlock_irqrestore(&wall_lock, flags);
}

void wall_watch_remove(struct wall_watch *watch)
{
	unsigned long flags = spin_lock_irqsave(&wall_lock);

	list_del(&watch->link);
	spin_unlock_irqrestore(&wall_lock, flags);
}

/* Call with wall_lock held. */
static void arm(struct wall_timer *timer)
{
	assert_hardened(spin_lock_held(&wall_lock));
	timer_arm(&timer->timer,
		  clock_deadline((uint64_t)MAX(clock_wall_to_boot(timer->at_ns), 0l)));
}

static void arm_again(struct wall_watch *watch)
{
	arm(container_of(watch, struct wall_timer, watch));
}

/* The clock may have been set while this was on its way, so that the timer is armed once more: it counts once. */
static void comes(struct timer *timer)
{
	struct wall_timer *it = container_of(timer, struct wall_timer, timer);
	unsigned long flags = spin_lock_irqsave(&wall_lock);
	bool first = !list_empty(&it->watch.link);

	list_del(&it->watch.link);
	spin_unlock_irqrestore(&wall_lock, flags);
	if (first)
		it->fn(it);
}

void wall_timer_init(struct wall_timer *timer, void (*fn)(struct wall_timer *timer))
{
	timer_init(&timer->timer, comes);
	wall_watch_init(&timer->watch, arm_again);
	timer->fn = fn;
}

void wall_timer_init_alone(struct wall_timer *timer, void (*fn)(struct wall_timer *timer))
{
	wall_timer_init(timer, fn);
	timer_init_alone(&timer->timer, comes);
}

void wall_timer_arm(struct wall_timer *timer, uint64_t ns)
{
	unsigned long flags = spin_lock_irqsave(&wall_lock);

	timer->at_ns = ns;
	watch_link(&timer->watch);
	arm(timer);
	spin_unlock_irqrestore(&wall_lock, flags);
}

void wall_timer_cancel(struct wall_timer *timer)
{
	wall_watch_remove(&timer->watch);
	timer_cancel(&timer->timer);
}

/* Tells some who do not know yet. Returns false if all do. */
static bool tell_some(void)
{
	unsigned long flags = spin_lock_irqsave(&wall_lock);
	bool more = true;

	for (unsigned n = 0; n < TOLD_AT_ONCE && more; n++) {
		struct wall_watch *watch = list_first_entry(&watches, struct wall_watch, link);

		more = !list_empty(&watches) && watch->seen != times_set;
		if (more) {
			watch_link(watch);
			watch->was_set(watch);
		}
	}
	spin_unlock_irqrestore(&wall_lock, flags);
	return more;
}

int wall_clock_set(uint64_t ns)
{
	unsigned long flags = spin_lock_irqsave(&wall_lock);
	bool fits = ns >= clock_ns();

	if (fits) {
		clock_set_wall(ns);
		times_set++;
	}
	spin_unlock_irqrestore(&wall_lock, flags);
	if (!fits)
		return -EINVAL;
	while (tell_some())
		;
	return 0;
}
