/* SPDX-License-Identifier: MIT */
/* The limits of processes, and the copies of them that the core looks at. */
#include "linux/process/limits.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/process/linux_process.h"
#include "proc/pid.h"

void process_get_limit(struct process *process, unsigned resource, struct abi_rlimit64 *ret)
{
	struct linux_process *own = linux_process(process);

	spin_lock(&own->limits_lock);
	*ret = own->rlimits[resource];
	spin_unlock(&own->limits_lock);
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

	return process ? atomic_load_relaxed(&linux_process(process)->rlimits[resource].cur)
		       : RLIM_INFINITY;
}

/* Returns the copy that the enforcing code reads, or NULL if there is none. */
static uint64_t *limit_copy(struct process *process, unsigned resource)
{
	struct uspace *uspace = process->uspace;

	if (resource == RLIMIT_NOFILE)
		return &process->nfds_max;
	if (resource == RLIMIT_SIGPENDING)
		return &linux_process(process)->signals.queue_max;
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
	struct linux_process *own = linux_process(process);
	uint64_t *copy = limit_copy(process, resource);

	assert_hardened(spin_lock_held(&own->limits_lock));
	/* process_own_limit() */
	atomic_store_relaxed(&own->rlimits[resource].max, new->max);
	atomic_store_relaxed(&own->rlimits[resource].cur, new->cur);
	if (copy)
		atomic_store_relaxed(copy, new->cur);
}

int process_set_limit(struct process *process, unsigned resource, const struct abi_rlimit64 *new,
		      bool may_raise, struct abi_rlimit64 *old_ret)
{
	struct linux_process *own = linux_process(process);
	int err = 0;

	assert_hardened(spin_lock_held(&process_tree_lock));
	spin_lock(&own->limits_lock);
	*old_ret = own->rlimits[resource];
	if (new->max > old_ret->max && !may_raise)
		err = -EPERM;
	else
		set_limit(process, resource, new);
	spin_unlock(&own->limits_lock);
	return err;
}

void process_limit_stack(struct process *process, uint64_t bytes)
{
	struct linux_process *own = linux_process(process);
	struct abi_rlimit64 *limit = &own->rlimits[RLIMIT_STACK];

	assert_hardened(spin_lock_held(&process_tree_lock));
	spin_lock(&own->limits_lock);
	atomic_store_relaxed(&limit->cur, MIN(limit->cur, bytes));
	spin_unlock(&own->limits_lock);
}

void process_inherit_limits(struct process *parent, struct process *child)
{
	struct linux_process *own = linux_process(parent);
	struct abi_rlimit64 *limits = linux_process(child)->rlimits;

	spin_lock(&own->limits_lock);
	memcpy(limits, own->rlimits, sizeof(own->rlimits));
	spin_unlock(&own->limits_lock);
	process_limits_are_set(child);
}

void process_limits_are_set(struct process *process)
{
	struct linux_process *own = linux_process(process);

	process->nfds_max = own->rlimits[RLIMIT_NOFILE].cur;
	own->signals.queue_max = own->rlimits[RLIMIT_SIGPENDING].cur;
}

void process_copy_limits(struct process *process, struct space *space)
{
	struct linux_process *own = linux_process(process);

	spin_lock(&own->limits_lock);
	space->limit_as = own->rlimits[RLIMIT_AS].cur;
	space->limit_data = own->rlimits[RLIMIT_DATA].cur;
	space->limit_stack = own->rlimits[RLIMIT_STACK].cur;
	spin_unlock(&own->limits_lock);
}

void process_lend_space(struct process *process)
{
	struct space *space = &process->uspace->space;

	spin_lock(&linux_process(process)
			   ->limits_lock); /* that guards the copies: a lent space gets none */
	space->lent = true;
	atomic_store_relaxed(&space->limit_as, 0);
	atomic_store_relaxed(&space->limit_data, 0);
	atomic_store_relaxed(&space->limit_stack, 0);
	spin_unlock(&linux_process(process)->limits_lock);
}
