/* SPDX-License-Identifier: MIT */
/* What programs ask of the scheduler for a thread: what it weighs, and who inherits it. */
#include "proc/priority.h"

#include "abi/sched.h"
#include "lib/bits.h"
#include "proc/sched.h"

/* The weights of Linux: each nice value has a tenth less of the time than the one below it. */
static const uint32_t weights[NICE_MAX - NICE_MIN + 1] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, /* from -20 */
	9548,  7620,  6100,  4904,  3906,  3121,  2501,	 1991,	1586,  1277,  /* from -10 */
	1024,  820,   655,   526,   423,   335,	  272,	 215,	172,   137,   /* from 0 */
	110,   87,    70,    56,    45,	   36,	  29,	 23,	18,    15,    /* from 10 */
};

#define WEIGHT_IDLE 3 /* of SCHED_IDLE, whatever the nice value */

uint64_t priority_wish(int policy, unsigned rt_priority, int nice, bool resets_on_fork)
{
	struct sched_wish wish = { .any = 0 };
	uint32_t weight = policy == SCHED_IDLE ? WEIGHT_IDLE : weights[nice - NICE_MIN];

	wish.policy = (uint8_t)policy;
	wish.rt_priority = (uint8_t)rt_priority;
	wish.nice = (int8_t)nice;
	wish.resets_on_fork = resets_on_fork;
	wish.weight = weight == WEIGHT_USUAL ? 0 : weight;
	return wish.any;
}

/* Others may change the creator's at the same time: the new thread has the old or the new ones. */
void priority_inherit(struct thread *thread)
{
	const struct sched_wish from = {
		.any = atomic_load_relaxed(&current_thread()->wish.any),
	};

	if (!from.resets_on_fork)
		thread->wish.any = from.any;
	else if (from.rt_priority)
		thread->wish.any = 0;
	else
		thread->wish.any = priority_wish(from.policy, 0, MAX(from.nice, (int8_t)0), false);
	thread->runs_as = thread->wish; /* what is lent to the creator is not passed on */
	thread->text_follows = current_thread()->text_follows;
}
