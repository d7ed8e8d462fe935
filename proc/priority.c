/* SPDX-License-Identifier: MIT */
/* Keeps what programs ask of the scheduler for a thread: who inherits it, and whose it is that a call names. */
#include "proc/priority.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "proc/job/pgrp.h"
#include "proc/pid.h"

/* Others may change the creator's at the same time: the new thread has the old or the new ones. */
void priority_inherit(struct thread *thread)
{
	const struct sched_wish *from = &current_thread()->wish;
	bool resets = atomic_load_relaxed(&from->resets_on_fork);
	int8_t nice = atomic_load_relaxed(&from->nice);

	thread->wish.policy = atomic_load_relaxed(&from->policy);
	thread->wish.nice = resets && nice < 0 ? 0 : nice;
	thread->wish.inherited_slack_ns = timer_slack();
}

uint64_t timer_slack(void)
{
	const struct sched_wish *wish = &current_thread()->wish;

	return wish->slack_ns ?: wish->inherited_slack_ns ?: TIMER_SLACK_NS;
}

void timer_slack_set(uint64_t ns)
{
	atomic_store_relaxed(&current_thread()->wish.slack_ns, ns);
}

/* A visit of threads: sets their nice values, or looks for the lowest. */
struct nice_visit {
	bool sets;
	int nice; /* to set, or the lowest so far */
	bool found;
};

static void visit_thread(struct thread *thread, struct nice_visit *visit)
{
	if (visit->sets)
		atomic_store_relaxed(&thread->wish.nice, (int8_t)visit->nice);
	else
		visit->nice = MIN(visit->nice, (int)thread->wish.nice);
	visit->found = true;
}

static void visit_process(struct process *process, void *arg)
{
	struct thread *thread;

	for_each_thread(thread, process)
		visit_thread(thread, arg);
	if (process->nextra) /* perhaps many */
		process_visit_ends_piece();
}

static bool visit_member(struct process *process, void *arg)
{
	visit_process(process, arg);
	return false;
}

/* Call with process_tree_lock held, which the visits of several processes drop in between. */
static void visit_all_of(enum priority_of of, int id, struct nice_visit *visit)
{
	struct thread *thread;

	switch (of) {
	case PRIORITY_OF_THREAD:
		thread = id ? thread_find(id) : current_thread();
		if (thread)
			visit_thread(thread, visit);
		break;
	case PRIORITY_OF_GROUP:
		process_visit_group(id ?: current_process()->group, visit_member, visit);
		break;
	case PRIORITY_OF_ALL:
		process_visit_all(visit_process, visit);
		break;
	}
}

static int visit_nice(enum priority_of of, int id, struct nice_visit *visit)
{
	spin_lock(&process_tree_lock);
	visit_all_of(of, id, visit);
	spin_unlock(&process_tree_lock);
	return visit->found ? 0 : -ESRCH;
}

int priority_set_nice(enum priority_of of, int id, int nice)
{
	struct nice_visit visit = { .sets = true, .nice = MAX(NICE_MIN, MIN(nice, NICE_MAX)) };

	return visit_nice(of, id, &visit);
}

int priority_get_nice(enum priority_of of, int id, int *nice_ret)
{
	struct nice_visit visit = { .nice = NICE_MAX };
	int err = visit_nice(of, id, &visit);

	if (!err)
		*nice_ret = visit.nice;
	return err;
}
