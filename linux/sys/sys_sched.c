/* SPDX-License-Identifier: MIT */
/* System calls on scheduling: harts, policies, nice values, and barriers for all threads of a process. */
#include "abi/sched.h"
#include "abi/time.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "linux/process/nice.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "linux/sys/versioned.h"
#include "mm/fault/user_copy.h"
#include "proc/loan.h"
#include "proc/pid.h"
#include "proc/priority.h"
#include "proc/rt_queue.h"
#include "proc/sched.h"

/* The thread that a call names. Call with process_tree_lock held. */
static struct thread *find_thread(int tid)
{
	return tid ? thread_find(tid) : current_thread();
}

static bool thread_is_there(int tid)
{
	bool found;

	spin_lock(&process_tree_lock);
	found = find_thread(tid) != NULL;
	spin_unlock(&process_tree_lock);
	return found;
}

/* ---- harts ---- */

/* Stores a bit for each hart that a thread may run on, in whole words. As on Linux, returns how many bytes. */
long sys_sched_getaffinity(struct trap_frame *frame)
{
	unsigned bytes = arg_uint(frame, 1);
	struct thread *thread;
	uint64_t mask = 0;

	if (bytes % sizeof(mask) || bytes == 0)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	thread = find_thread(arg_int(frame, 0));
	if (thread)
		mask = sched_harts(thread);
	spin_unlock(&process_tree_lock);
	if (!thread)
		return -ESRCH;
	return user_copy_out(arg_user(frame, 2), &mask, sizeof(mask)) ? -EFAULT
								      : (long)sizeof(mask);
}

/* Bits of harts that are not there do not count. */
long sys_sched_setaffinity(struct trap_frame *frame)
{
	uint64_t mask = 0;
	size_t bytes = MIN((size_t)arg_uint(frame, 1), sizeof(mask));
	struct thread *thread;
	long err = 0;

	if (user_copy_in(&mask, arg_user(frame, 2), bytes))
		return -EFAULT;
	mask &= hart_mask();
	spin_lock(&process_tree_lock);
	thread = find_thread(arg_int(frame, 0));
	if (!thread)
		err = -ESRCH;
	else if (!cred_may_sched(task_of(thread)->real_cred))
		err = -EPERM;
	else if (mask)
		sched_set_harts(thread, mask);
	else
		err = -EINVAL;
	spin_unlock(&process_tree_lock);
	return err;
}

/* Which hart that is may change before the caller looks at it. There is one node of memory. */
long sys_getcpu(struct trap_frame *frame)
{
	unsigned hart = hart_this()->index, node = 0;
	vaddr_t hart_at = arg_user(frame, 0), node_at = arg_user(frame, 1);

	if (hart_at && user_copy_out(hart_at, &hart, sizeof(hart)))
		return -EFAULT;
	return node_at ? user_copy_out(node_at, &node, sizeof(node)) : 0;
}

/* ---- policies ---- */

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* What a call asks for. */
struct request {
	int policy;
	uint32_t priority;
	uint64_t deadline;
	int nice;
	bool keeps_policy, keeps_nice; /* as the thread has them */
	bool keeps_all;		       /* policy and nice value, whatever is asked */
	bool resets_on_fork;
};

/*
 * Returns 0, -EINVAL, or -EPERM of SCHED_DEADLINE: on Linux the answer to a caller without privileges, which wants what
 * nothing here can give.
 */
static int check_request(const struct request *request)
{
	switch (request->policy) {
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_FIFO:
	case SCHED_RR:
		break;
	case SCHED_DEADLINE:
		return request->deadline && !request->priority ? -EPERM : -EINVAL;
	default:
		return -EINVAL;
	}
	if (request->priority > RT_PRIORITY_MAX ||
	    is_realtime(request->policy) != (request->priority != 0))
		return -EINVAL;
	return 0;
}

/* As on Linux, a thread of SCHED_IDLE or of a real-time policy keeps its nice value. */
static bool takes_nice(const struct request *request)
{
	return !request->keeps_nice && !request->keeps_all && !is_realtime(request->policy) &&
	       request->policy != SCHED_IDLE;
}

static void change_wish(struct thread *thread, const struct request *request)
{
	const struct sched_wish *wish = &thread->wish;

	if (request->keeps_all)
		loan_set_wish(thread, priority_wish(wish->policy, wish->rt_priority, wish->nice,
						    request->resets_on_fork));
	else
		loan_set_wish(thread,
			      priority_wish(request->policy, request->priority,
					    takes_nice(request) ? request->nice : wish->nice,
					    request->resets_on_fork));
}

/* The limit says what priority a thread may be given. One that it has already it may have again. */
static bool may_have_priority(const struct thread *thread, const struct request *request)
{
	const struct sched_wish *wish = &thread->wish;
	uint64_t limit = process_limit(thread->process, RLIMIT_RTPRIO);

	if (!is_realtime(request->policy))
		return true;
	return (request->policy == wish->policy || limit) &&
	       (request->priority <= wish->rt_priority || request->priority <= limit);
}

/*
 * Without CAP_SYS_NICE, refuses changes of another user's threads, values beyond the limits, leaving SCHED_IDLE with a nice
 * value beyond the limit, and clearing the reset at fork.
 */
static int may_change_wish(const struct thread *thread, const struct request *request)
{
	const struct sched_wish *wish = &thread->wish;

	if (capable(CAP_SYS_NICE))
		return 0;
	if (!cred_may_sched(task_of(thread)->real_cred) ||
	    (takes_nice(request) && !can_nice(thread, request->nice)) ||
	    !may_have_priority(thread, request) ||
	    (wish->resets_on_fork && !request->resets_on_fork))
		return -EPERM;
	if (wish->policy == SCHED_IDLE && request->policy != SCHED_IDLE &&
	    (uint64_t)(NICE_MAX + 1 - wish->nice) > process_limit(thread->process, RLIMIT_NICE))
		return -EPERM;
	return 0;
}

static long set_wish(int tid, struct request *request)
{
	struct thread *thread;
	int err = -ESRCH;

	spin_lock(&process_tree_lock);
	thread = find_thread(tid);
	if (thread && request->keeps_policy) {
		request->policy = thread->wish.policy;
		request->resets_on_fork = thread->wish.resets_on_fork;
	}
	if (thread && request->keeps_all && is_realtime(thread->wish.policy))
		request->priority = thread->wish.rt_priority;
	if (thread)
		err = check_request(request);
	if (!err)
		err = may_change_wish(thread, request);
	if (!err) {
		change_wish(thread, request);
		pi_priority_changed(thread);
	}
	spin_unlock(&process_tree_lock);
	return err;
}

static long get_wish(int tid, struct sched_wish *ret)
{
	const struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = find_thread(tid);
	if (thread)
		*ret = thread->wish;
	spin_unlock(&process_tree_lock);
	return thread ? 0 : -ESRCH;
}

static long set_scheduler(int tid, vaddr_t param_at, struct request *request)
{
	if (!param_at || tid < 0)
		return -EINVAL;
	if (user_copy_in(&request->priority, param_at, sizeof(request->priority)))
		return -EFAULT;
	return set_wish(tid, request);
}

long sys_sched_setscheduler(struct trap_frame *frame)
{
	int policy = arg_int(frame, 1);
	struct request request = {
		.policy = policy & ~SCHED_RESET_ON_FORK,
		.resets_on_fork = policy & SCHED_RESET_ON_FORK,
		.keeps_nice = true,
	};

	if (policy < 0)
		return -EINVAL;
	return set_scheduler(arg_int(frame, 0), arg_user(frame, 2), &request);
}

long sys_sched_setparam(struct trap_frame *frame)
{
	struct request request = { .keeps_policy = true, .keeps_nice = true };

	return set_scheduler(arg_int(frame, 0), arg_user(frame, 1), &request);
}

long sys_sched_getscheduler(struct trap_frame *frame)
{
	int tid = arg_int(frame, 0);
	struct sched_wish wish;
	long err = tid < 0 ? -EINVAL : get_wish(tid, &wish);

	return err ? err : wish.policy | (wish.resets_on_fork ? SCHED_RESET_ON_FORK : 0);
}

long sys_sched_getparam(struct trap_frame *frame)
{
	int tid = arg_int(frame, 0), priority;
	vaddr_t to = arg_user(frame, 1);
	struct sched_wish wish;
	long err;

	if (!to || tid < 0)
		return -EINVAL;
	err = get_wish(tid, &wish);
	if (err)
		return err;
	priority = wish.rt_priority;
	return user_copy_out(to, &priority, sizeof(priority));
}

/* As on Linux, also of policies that cannot be set. */
long sys_sched_get_priority_max(struct trap_frame *frame)
{
	int policy = arg_int(frame, 0);

	if (policy < 0 || policy > SCHED_EXT || policy == 4)
		return -EINVAL;
	return is_realtime(policy) ? RT_PRIORITY_MAX : 0;
}

long sys_sched_get_priority_min(struct trap_frame *frame)
{
	long most = sys_sched_get_priority_max(frame);

	return most > 0 ? 1 : most;
}

long sys_sched_rr_get_interval(struct trap_frame *frame)
{
	int tid = arg_int(frame, 0);
	const struct thread *thread;
	struct abi_timespec slice;
	uint64_t ticks = 0;

	if (tid < 0)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	thread = find_thread(tid);
	if (thread)
		ticks = sched_slice(thread);
	spin_unlock(&process_tree_lock);
	if (!thread)
		return -ESRCH;
	slice = ns_to_timespec(clock_ticks_to_ns(ticks));
	return user_copy_out(arg_user(frame, 1), &slice, sizeof(slice));
}

/* ---- attributes ---- */

#define FLAGS_KNOWN                                                                    \
	(SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN |       \
	 SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS | SCHED_FLAG_UTIL_CLAMP_MIN | \
	 SCHED_FLAG_UTIL_CLAMP_MAX)

/* As on Linux, a structure of an unsuitable size gets the size that would suit. */
static int copy_attr_in(struct abi_sched_attr *attr, vaddr_t from)
{
	uint32_t size, suits = sizeof(*attr);
	int err;

	if (user_copy_in(&size, from, sizeof(size)))
		return -EFAULT;
	size = size ?: SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		err = -E2BIG;
	else
		err = arg_versioned(attr, sizeof(*attr), from, size);
	if (err == -E2BIG && user_copy_out(from, &suits, sizeof(suits)))
		return -EFAULT;
	return err;
}

long sys_sched_setattr(struct trap_frame *frame)
{
	int tid = arg_int(frame, 0);
	vaddr_t from = arg_user(frame, 1);
	struct abi_sched_attr attr;
	struct request request;
	long err;

	if (!from || tid < 0 || arg_uint(frame, 2))
		return -EINVAL;
	err = copy_attr_in(&attr, from);
	if (err)
		return err;
	if ((int)attr.policy < 0)
		return -EINVAL;
	request = (struct request){
		.policy = (int)attr.policy,
		.priority = attr.priority,
		.deadline = attr.deadline,
		.nice = MAX(NICE_MIN, MIN(attr.nice, NICE_MAX)),
		.keeps_policy = attr.flags & SCHED_FLAG_KEEP_POLICY,
		.keeps_all = attr.flags & SCHED_FLAG_KEEP_PARAMS,
		.resets_on_fork = attr.flags & SCHED_FLAG_RESET_ON_FORK,
	};
	if (!thread_is_there(tid))
		return -ESRCH;
	if (attr.flags & ~(uint64_t)FLAGS_KNOWN)
		return -EINVAL;
	if (attr.flags & (SCHED_FLAG_UTIL_CLAMP_MIN | SCHED_FLAG_UTIL_CLAMP_MAX))
		return -EOPNOTSUPP;
	return set_wish(tid, &request);
}

long sys_sched_getattr(struct trap_frame *frame)
{
	int tid = arg_int(frame, 0);
	vaddr_t to = arg_user(frame, 1);
	unsigned size = arg_uint(frame, 2);
	struct abi_sched_attr attr = { 0 };
	struct sched_wish wish;
	long err;

	if (!to || tid < 0 || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return -EINVAL;
	err = get_wish(tid, &wish);
	if (!err && arg_uint(frame, 3))
		err = -EINVAL;
	if (err)
		return err;
	attr.size = MIN(size, (unsigned)sizeof(attr));
	attr.policy = wish.policy;
	attr.flags = wish.resets_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	attr.priority = wish.rt_priority;
	if (!is_realtime(wish.policy)) {
		attr.nice = wish.nice;
		attr.runtime = SLICE_MS * (NSEC_PER_SEC / 1000);
	}
	return user_copy_out(to, &attr, attr.size);
}

/* ---- nice values ---- */

/* Returns 0 with whose nice values are meant, or -EINVAL. */
static int whose(const struct trap_frame *frame, enum priority_of *of_ret)
{
	switch (arg_int(frame, 0)) {
	case PRIO_PROCESS:
		*of_ret = PRIORITY_OF_THREAD;
		return 0;
	case PRIO_PGRP:
		*of_ret = PRIORITY_OF_GROUP;
		return 0;
	case PRIO_USER:
		*of_ret = PRIORITY_OF_USER;
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_setpriority(struct trap_frame *frame)
{
	enum priority_of of;
	int err = whose(frame, &of);

	return err ? err : priority_set_nice(of, arg_int(frame, 1), arg_int(frame, 2));
}

/* As on Linux, the result counts from the other end, so that no nice value looks like an error. */
long sys_getpriority(struct trap_frame *frame)
{
	enum priority_of of;
	int nice, err = whose(frame, &of);

	if (!err)
		err = priority_get_nice(of, arg_int(frame, 1), &nice);
	return err ? err : NICE_MAX + 1 - nice;
}

/* ---- membarrier ---- */

#define BARRIERS                                                                                  \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |                                \
	 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |            \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_GET_REGISTRATIONS)

static bool is_registered(unsigned command)
{
	return atomic_load(&current_space()->barriers) & command;
}

long sys_membarrier(struct trap_frame *frame)
{
	unsigned command = arg_uint(frame, 0);

	if (arg_uint(frame, 1))
		return -EINVAL;
	switch (command) {
	case MEMBARRIER_CMD_QUERY:
		return BARRIERS;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		arch_mmu_barrier(NULL);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		if (!is_registered(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
			return -EPERM;
		arch_mmu_barrier(&current_space()->mmu);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		if (!is_registered(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE))
			return -EPERM;
		arch_mmu_barrier(&current_space()->mmu);
		arch_mmu_sync_text(&current_space()->mmu);
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		atomic_or(&current_space()->barriers, command);
		return 0;
	case MEMBARRIER_CMD_GET_REGISTRATIONS:
		return atomic_load(&current_space()->barriers);
	default:
		return -EINVAL;
	}
}
