/* SPDX-License-Identifier: MIT */
/* Orders the threads of real-time policies of a hart, and keeps them from having all of its time. */
#include "proc/rt_queue.h"

#include "base/clock.h"
#include "lib/bits.h"

#define MS (NSEC_PER_SEC / 1000)

void rt_queue_init(struct rt_queue *queue)
{
	*queue = (struct rt_queue){ .throttled = false };
	tree_init(&queue->threads);
}

void rt_enqueue(struct rt_queue *queue, struct thread *thread, bool ahead)
{
	struct tree_node **link = &queue->threads.root, *parent = NULL;
	unsigned priority = thread->runs_as.rt_priority;
	bool is_first = true;

	assert_hardened(!thread->by_priority);
	while (*link) {
		unsigned other = tree_entry(*link, struct thread, rt_node)->runs_as.rt_priority;
		bool behind = ahead ? other > priority : other >= priority;

		parent = *link;
		link = &parent->child[behind];
		is_first = is_first && !behind;
	}
	tree_insert(&queue->threads, &thread->rt_node, parent, link);
	if (is_first)
		queue->first = &thread->rt_node;
	thread->by_priority = true;
}

void rt_dequeue(struct rt_queue *queue, struct thread *thread)
{
	assert_hardened(thread->by_priority);
	if (queue->first == &thread->rt_node)
		queue->first = tree_next(&thread->rt_node);
	tree_erase(&queue->threads, &thread->rt_node);
	thread->by_priority = false;
}

/*
 * A tick that comes late, since none was needed before or since the machine stood still, counts as one: of both times, as a
 * period in which no other thread could run must not seem to be over.
 */
void rt_tick(struct rt_queue *queue, bool runs)
{
	uint64_t now = arch_time();
	uint64_t passed = MIN(now - queue->look_tick, clock_ns_to_ticks(SLICE_MS * MS));

	queue->look_tick = now;
	queue->period_ticks += passed;
	if (queue->period_ticks >= clock_ns_to_ticks(RT_PERIOD_MS * MS)) {
		queue->period_ticks = 0;
		queue->ran_ticks = 0;
		queue->throttled = false;
	} else if (runs) {
		queue->ran_ticks += passed;
		queue->throttled = queue->ran_ticks >= clock_ns_to_ticks(RT_RUN_MS * MS);
	}
}
