/* SPDX-License-Identifier: MIT */
/* Whose threads a call on nice values names, and whether it may change them. */
#include "linux/process/nice.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "lib/bits.h"
#include "linux/job/pgrp.h"
#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "proc/loan.h"
#include "proc/pid.h"
#include "proc/priority.h"
#include "proc/sched.h"

/* A visit of threads: sets their nice values, or looks for the lowest. */
struct nice_visit {
	bool sets;
	int nice; /* to set, or the lowest so far */
	int err;  /* the last refusal, if there was one; -ESRCH: there was no thread */
	bool of_user;
	uint32_t uid; /* with that */
	/*
	 * Nearly all threads of a process have the same credentials and wishes. Those of the last one, what its
	 * wish becomes, and why not: 0 or an error. cred is NULL where there has been none of that process.
	 */
	const struct cred *cred;
	uint64_t wish, wish_with;
	int refusal;
	unsigned long held; /* loan_hold() */
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
	visit->cred = task_of(thread)->real_cred;
	visit->wish = thread->wish.any;
	visit->wish_with = with_nice(&thread->wish, visit->nice);
	if (!cred_may_nice(visit->cred))
		visit->refusal = -EPERM;
	else if (!can_nice(thread, visit->nice))
		visit->refusal = -EACCES;
	else
		visit->refusal = cred_may_sched(visit->cred) ? 0 : -EPERM;
}

UNCHECKED static inline void set_nice(struct thread *thread, struct nice_visit *visit)
{
	if (task_of(thread)->real_cred != visit->cred || thread->wish.any != visit->wish) {
		loan_release(visit->held); /* limits have a lock that is taken before */
		decide_nice(thread, visit);
		visit->held = loan_hold();
	}
	if (!visit->refusal)
		loan_set_wish_held(thread, visit->wish_with);
	if (visit->refusal || visit->err == -ESRCH)
		visit->err = visit->refusal;
}

/* Call with the lock of all loans held as visit->held; it may be given up meanwhile. */
UNCHECKED static inline void visit_thread(struct thread *thread, struct nice_visit *visit)
{
	if (visit->of_user && task_of(thread)->real_cred->uid != visit->uid)
		return;
	if (visit->sets) {
		set_nice(thread, visit);
	} else {
		visit->nice = MIN(visit->nice, (int)thread->wish.nice);
		visit->err = 0;
	}
}

/* So many threads are visited in one hold of the lock of all loans. */
#define THREADS_IN_A_ROW 24u

UNCHECKED static void visit_process(struct process *process, void *arg)
{
	struct nice_visit *visit = arg;
	struct thread *thread;
	unsigned n = 0;

	visit->cred = NULL; /* between two processes the lock may have been dropped */
	visit->held = loan_hold();
	for_each_thread(thread, process) {
		if (++n % THREADS_IN_A_ROW == 0) {
			loan_release(visit->held);
			visit->held = loan_hold();
		}
		visit_thread(thread, visit);
	}
	loan_release(visit->held);
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
		if (!thread)
			break;
		visit->held = loan_hold();
		visit_thread(thread, visit);
		loan_release(visit->held);
		break;
	case PRIORITY_OF_GROUP:
		pgrp_visit(id ?: current_linux_process()->group, visit_member, visit);
		break;
	case PRIORITY_OF_USER:
		visit->of_user = true;
		visit->uid = id ? (uint32_t)id : current_cred()->uid;
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
