/* SPDX-License-Identifier: MIT */
/* What programs ask of the scheduler for a thread: what it weighs, who inherits it, and whose it is that a call names. */
#include "proc/priority.h"

#include "abi/errno.h"
#include "abi/ioprio.h"
#include "abi/sched.h"
#include "lib/bits.h"
#include "proc/cred.h"
#include "proc/job/pgrp.h"
#include "proc/pid.h"
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
	thread->wish.inherited_slack_ns = timer_slack();
	thread->wish.ioprio = atomic_load_relaxed(&current_thread()->wish.ioprio);
	thread->personality = current_thread()->personality;
	thread->io_flusher = current_thread()->io_flusher;
	thread->mce_kill = current_thread()->mce_kill;
	thread->text_follows = current_thread()->text_follows;
}

static uint64_t timer_slack_of(const struct thread *thread)
{
	return atomic_load_relaxed(&thread->wish.slack_ns)
		       ?: thread->wish.inherited_slack_ns ?: TIMER_SLACK_NS;
}

uint64_t timer_slack(void)
{
	return timer_slack_of(current_thread());
}

/* Call with process_tree_lock held. */
static int slack_find(const struct thread_id *id, struct thread **thread_ret)
{
	*thread_ret = thread_find_id(id);
	if (!*thread_ret)
		return -ESRCH;
	return *thread_ret == current_thread() || capable(CAP_SYS_NICE) ? 0 : -EPERM;
}

int timer_slack_get_of(const struct thread_id *id, uint64_t *ns_ret)
{
	struct thread *thread;
	int err;

	spin_lock(&process_tree_lock);
	err = slack_find(id, &thread);
	if (!err)
		*ns_ret = timer_slack_of(thread);
	spin_unlock(&process_tree_lock);
	return err;
}

int timer_slack_set_of(const struct thread_id *id, uint64_t ns)
{
	struct thread *thread;
	int err;

	spin_lock(&process_tree_lock);
	err = slack_find(id, &thread);
	if (!err)
		atomic_store_relaxed(&thread->wish.slack_ns, ns);
	spin_unlock(&process_tree_lock);
	return err;
}

void timer_slack_set(uint64_t ns)
{
	atomic_store_relaxed(&current_thread()->wish.slack_ns, ns);
}

/* A visit of threads: sets their nice values, or looks for the lowest; or the same of the priorities of their requests. */
struct nice_visit {
	bool sets, of_io;
	uint16_t ioprio; /* with of_io: to set, or the best so far */
	int nice;	 /* to set, or the lowest so far */
	int err;	 /* the last refusal, if there was one; -ESRCH: there was no thread */
	bool of_user, of_root;
	uint32_t uid; /* with that */
	/*
	 * Nearly all threads of a process have the same credentials and wishes. Those of the last one, what its
	 * wish becomes, and why not: 0 or an error. cred is NULL where there has been none of that process.
	 */
	const struct cred *cred;
	uint64_t wish, wish_with;
	int refusal;
};

bool can_nice(const struct thread *thread, int nice)
{
	return nice >= atomic_load_relaxed(&thread->wish.nice) || capable(CAP_SYS_NICE) ||
	       (uint64_t)(NICE_MAX + 1 - nice) <= process_limit(thread->process, RLIMIT_NICE);
}

static uint64_t with_nice(const struct sched_wish *wish, int nice)
{
	return priority_wish(wish->policy, wish->rt_priority, nice, wish->resets_on_fork);
}

/* The order is that of set_one_prio() of Linux. */
static void decide_nice(const struct thread *thread, struct nice_visit *visit)
{
	visit->cred = thread->real_cred;
	visit->wish = thread->wish.any;
	visit->wish_with = with_nice(&thread->wish, visit->nice);
	if (!cred_may_nice(visit->cred))
		visit->refusal = -EPERM;
	else if (!can_nice(thread, visit->nice))
		visit->refusal = -EACCES;
	else
		visit->refusal = cred_may_sched(visit->cred) ? 0 : -EPERM;
}

static void set_nice(struct thread *thread, struct nice_visit *visit)
{
	if (thread->real_cred != visit->cred || thread->wish.any != visit->wish)
		decide_nice(thread, visit);
	if (!visit->refusal && atomic_load_relaxed(&thread->on_hart))
		sched_set_wish(thread, visit->wish_with);
	else if (!visit->refusal)
		atomic_store_relaxed(&thread->wish.any, visit->wish_with);
	if (visit->refusal || visit->err == -ESRCH)
		visit->err = visit->refusal;
}

static bool may_set_io(const struct cred *of)
{
	const struct cred *self = current_cred();

	return of->uid == self->euid || of->uid == self->uid || capable(CAP_SYS_NICE);
}

/* As on Linux, the first refusal ends it. */
static void set_io(struct thread *thread, struct nice_visit *visit)
{
	if (visit->err == -EPERM)
		return;
	visit->err = may_set_io(thread->real_cred) ? 0 : -EPERM;
	if (!visit->err)
		atomic_store_relaxed(&thread->wish.ioprio, visit->ioprio);
}

/* The priority of a request follows from the thread's if it was not set. */
static uint16_t ioprio_of(const struct sched_wish *wish)
{
	unsigned class = IOPRIO_CLASS_BE;

	if (wish->ioprio >> IOPRIO_CLASS_SHIFT != IOPRIO_CLASS_NONE)
		return wish->ioprio;
	if (wish->rt_priority)
		class = IOPRIO_CLASS_RT;
	else if (wish->policy == SCHED_IDLE)
		class = IOPRIO_CLASS_IDLE;
	return (uint16_t)(class << IOPRIO_CLASS_SHIFT | (unsigned)(wish->nice - NICE_MIN) / 5);
}

static void visit_io(struct thread *thread, struct nice_visit *visit)
{
	if (visit->sets) {
		set_io(thread, visit);
	} else {
		uint16_t ioprio = ioprio_of(&thread->wish);

		visit->ioprio = visit->err ? ioprio : MIN(visit->ioprio, ioprio);
		visit->err = 0;
	}
}

static void visit_thread(struct thread *thread, struct nice_visit *visit)
{
	if (visit->of_user && thread->real_cred->uid != visit->uid)
		return;
	if (visit->of_io) {
		visit_io(thread, visit);
	} else if (visit->sets) {
		set_nice(thread, visit);
	} else {
		visit->nice = MIN(visit->nice, (int)thread->wish.nice);
		visit->err = 0;
	}
}

static void visit_process(struct process *process, void *arg)
{
	struct nice_visit *visit = arg;
	struct thread *thread;

	visit->cred = NULL; /* between two processes the lock may have been dropped */
	for_each_thread(thread, process)
		visit_thread(thread, visit);
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

	assert_hardened(spin_lock_held(&process_tree_lock));
	switch (of) {
	case PRIORITY_OF_THREAD:
		thread = id ? thread_find(id) : current_thread();
		if (thread)
			visit_thread(thread, visit);
		break;
	case PRIORITY_OF_GROUP:
		process_visit_group(id ?: current_process()->group, visit_member, visit);
		break;
	case PRIORITY_OF_USER:
		visit->of_user = true;
		visit->uid = id || visit->of_root ? (uint32_t)id : current_cred()->uid;
		process_visit_all(visit_process, visit);
		break;
	}
}

static int visit_nice(enum priority_of of, int id, struct nice_visit *visit)
{
	spin_lock(&process_tree_lock);
	visit_all_of(of, id, visit);
	spin_unlock(&process_tree_lock);
	return visit->err;
}

/* As on Linux, user 0 is root here. */
int priority_set_io(enum priority_of of, int id, uint16_t ioprio)
{
	struct nice_visit visit = { .sets = true, .of_io = true, .ioprio = ioprio, .err = -ESRCH };

	visit.of_root = of == PRIORITY_OF_USER && id == 0;
	return visit_nice(of, id, &visit);
}

int priority_get_io(enum priority_of of, int id, uint16_t *ret)
{
	struct nice_visit visit = { .of_io = true, .err = -ESRCH };
	const struct thread *thread;
	int err = 0;

	if (of != PRIORITY_OF_THREAD) {
		err = visit_nice(of, id, &visit);
		*ret = visit.ioprio;
		return err;
	}
	spin_lock(&process_tree_lock);
	thread = id ? thread_find(id) : current_thread();
	if (thread)
		*ret = thread->wish.ioprio;
	else
		err = -ESRCH;
	spin_unlock(&process_tree_lock);
	return err;
}

int priority_set_nice(enum priority_of of, int id, int nice)
{
	struct nice_visit visit = { .sets = true,
				    .nice = MAX(NICE_MIN, MIN(nice, NICE_MAX)),
				    .err = -ESRCH };

	return visit_nice(of, id, &visit);
}

int priority_get_nice(enum priority_of of, int id, int *nice_ret)
{
	struct nice_visit visit = { .nice = NICE_MAX, .err = -ESRCH };
	int err = visit_nice(of, id, &visit);

	if (!err)
		*nice_ret = visit.nice;
	return err;
}
