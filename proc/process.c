/* SPDX-License-Identifier: MIT */
/* The limits of processes, and how their threads are made. */
#include "proc/process.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "linux/process/task.h"
#include "proc/pid.h"
#include "proc/priority.h"
#include "proc/sched.h"

void process_get_limit(struct process *process, unsigned resource, struct abi_rlimit64 *ret)
{
	spin_lock(&process->limits_lock);
	*ret = process->rlimits[resource];
	spin_unlock(&process->limits_lock);
}

uint64_t process_limit(struct process *process, unsigned resource)
{
	struct abi_rlimit64 limit;

	process_get_limit(process, resource, &limit);
	return limit.cur;
}

uint64_t process_own_limit(unsigned resource)
{
	const struct process *process = current_process();

	return process ? atomic_load_relaxed(&process->rlimits[resource].cur) : RLIM_INFINITY;
}

/* Returns the copy that the enforcing code reads, or NULL if there is none. */
static uint64_t *limit_copy(struct process *process, unsigned resource)
{
	struct uspace *uspace = process->uspace;

	if (resource == RLIMIT_SIGPENDING)
		return &process->signals.queue_max;
	if (!uspace || uspace->space.lent)
		return NULL;
	switch (resource) {
	case RLIMIT_AS:
		return &uspace->space.limit_as;
	case RLIMIT_DATA:
		return &uspace->space.limit_data;
	case RLIMIT_STACK:
		return &uspace->space.limit_stack;
	default:
		return NULL;
	}
}

/* Others read them while they change, so the stores are atomic. Call with limits_lock held. */
static void set_limit(struct process *process, unsigned resource, const struct abi_rlimit64 *new)
{
	uint64_t *copy = limit_copy(process, resource);

	assert_hardened(spin_lock_held(&process->limits_lock));
	/* process_own_limit(), mm_host.limits() */
	atomic_store_relaxed(&process->rlimits[resource].max, new->max);
	atomic_store_relaxed(&process->rlimits[resource].cur, new->cur);
	if (copy)
		atomic_store_relaxed(copy, new->cur);
}

int process_set_limit(struct process *process, unsigned resource, const struct abi_rlimit64 *new,
		      bool may_raise, struct abi_rlimit64 *old_ret)
{
	int err = 0;

	assert_hardened(spin_lock_held(&process_tree_lock));
	spin_lock(&process->limits_lock);
	*old_ret = process->rlimits[resource];
	if (new->max > old_ret->max && !may_raise)
		err = -EPERM;
	else
		set_limit(process, resource, new);
	spin_unlock(&process->limits_lock);
	return err;
}

void process_limit_stack(struct process *process, uint64_t bytes)
{
	struct abi_rlimit64 *limit = &process->rlimits[RLIMIT_STACK];

	assert_hardened(spin_lock_held(&process_tree_lock));
	spin_lock(&process->limits_lock);
	atomic_store_relaxed(&limit->cur, MIN(limit->cur, bytes));
	spin_unlock(&process->limits_lock);
}

void process_copy_limits(struct process *process, struct space *space)
{
	spin_lock(&process->limits_lock);
	space->limit_as = process->rlimits[RLIMIT_AS].cur;
	space->limit_data = process->rlimits[RLIMIT_DATA].cur;
	space->limit_stack = process->rlimits[RLIMIT_STACK].cur;
	spin_unlock(&process->limits_lock);
}

void process_lend_space(struct process *process)
{
	struct space *space = &process->uspace->space;

	spin_lock(&process->limits_lock); /* that guards the copies: a lent space gets none */
	space->lent = true;
	atomic_store_relaxed(&space->limit_as, 0);
	atomic_store_relaxed(&space->limit_data, 0);
	atomic_store_relaxed(&space->limit_stack, 0);
	spin_unlock(&process->limits_lock);
}

const struct process_fs_ops *process_fs;
const struct process_sem_ops *process_sem;
uint64_t process_fs_nholders; /* atomic */

static struct thread *create_thread(struct process *process)
{
	struct thread *thread = thread_create(process);

	if (!thread)
		return NULL;
	thread->harts = atomic_load_relaxed(&current_thread()->harts);
	priority_inherit(thread);
	return thread;
}

void thread_set_tid(struct thread *thread, int tid)
{
	thread->tid = tid;
	thread->arch.who = (uint32_t)thread->process->pid | (uint64_t)tid << 32;
}

int process_add_leader(struct process *process)
{
	struct thread *thread = create_thread(process);

	if (!thread)
		return -ENOMEM;
	thread_set_tid(thread, process->pid);
	process->leader = thread;
	process->nlive = 1;
	process->timers.looker = thread;
	signals_add_thread(thread);
	return 0;
}

struct thread *process_create_thread(struct process *process, int *err_ret)
{
	struct thread *thread;

	*err_ret = thread_id_take(process);
	if (*err_ret < 0)
		return NULL;
	thread = create_thread(process);
	if (thread) {
		thread_set_tid(thread, *err_ret);
		task_of(thread)->start_tick = arch_time();
	} else {
		thread_id_put(process, *err_ret);
		*err_ret = -ENOMEM;
	}
	return thread;
}

bool process_runs(const struct process *process)
{
	const struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for_each_thread(thread, process)
		if (!sched_is_asleep(thread) && !sched_has_ended(thread))
			return true;
	return false;
}

void process_drop_threads(struct process *process)
{
	struct thread *thread;

	while (!list_empty(&process->threads)) {
		thread = list_first_entry(&process->threads, struct thread, process_link);
		if (thread->state != THREAD_NEW)
			sched_wait_left(thread);
		list_del(&thread->process_link);
		thread_destroy(thread);
	}
	process->leader = NULL;
}
