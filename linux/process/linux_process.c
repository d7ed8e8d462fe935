/* SPDX-License-Identifier: MIT */
/* Makes processes and their threads Linux's, and forgets them. */
#include "linux/process/linux_process.h"

#include "lib/string.h"
#include "linux/job/pgrp.h"
#include "linux/process/children.h"
#include "linux/process/cred.h"
#include "linux/process/end_watch.h"
#include "linux/process/process_ops.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/ptrace/ptrace.h"
#include "proc/kthread.h"
#include "proc/pid.h"
#include "proc/sched.h"

const struct process_fs_ops *process_fs;
const struct process_sem_ops *process_sem;

struct process *linux_process_alloc(int *err_ret)
{
	const size_t begin = sizeof(struct process);
	struct process *process = process_alloc(err_ret);
	struct linux_process *own;

	if (!process)
		return NULL;
	own = linux_process(process);
	memset((char *)own + begin, 0, offsetof(struct linux_process, timers.interval) - begin);
	list_init(&own->group_link);
	signals_init(&own->signals);
	ptimers_init(&own->timers);
	spin_init(&own->limits_lock, LOCK_PROCESS);
	return process;
}

int linux_process_add_leader(struct process *process)
{
	if (process_add_leader(process))
		return -ENOMEM;
	linux_process(process)->timers.looker = process->leader;
	linux_process(process)->signals.nthreads = 1;
	return 0;
}

void linux_process_forget(struct process *process)
{
	struct linux_process *own = linux_process(process);

	assert_hardened(spin_lock_held(&process_tree_lock));
	assert_hardened(!own->in_jobc);
	if (unlikely(process->leader && process->leader->traced))
		ptrace_drop(process->leader);
	if (process->birth) {
		pid_put(own->group);
		pid_put(own->session);
		user_drop_task(task_of(process->leader)->real_cred->user);
	}
	end_watch_gone(&own->end_watch);
	child_remove(process);
	list_del(&own->group_link);
	process_forget(process);
}

void linux_process_free(struct process *process)
{
	spin_lock(&process_tree_lock);
	linux_process_forget(process);
	spin_unlock(&process_tree_lock);
	process_destroy(process);
}

void linux_process_freed(struct process *process)
{
	signals_destroy(&linux_process(process)->signals);
}

static void join_tree(struct process *parent, struct process *child, const struct process *like)
{
	struct linux_process *own = linux_process(child);

	if (like) {
		const struct linux_process *of = linux_process(like);

		own->group = of->group;
		own->signals.group_birth = of->signals.group_birth;
		own->session = of->session;
		own->terminal = of->terminal;
		pid_get(own->group);
		pid_get(own->session);
	}
	if (parent)
		child_add(parent, child);
	process_publish(child);
	pgrp_join(child);
	pgrp_update_jobc(child);
}

void linux_process_publish_locked(struct process *parent, struct process *child)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	join_tree(parent, child, parent);
}

void linux_process_publish_sibling(struct process *sibling, struct process *child)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	linux_process(child)->exit_signal = linux_process(sibling)->exit_signal;
	linux_process(child)->parent_image = linux_process(sibling)->parent_image;
	join_tree(sibling->parent, child, sibling);
}

void linux_process_publish(struct process *parent, struct process *child)
{
	spin_lock(&process_tree_lock);
	linux_process_publish_locked(parent, child);
	thread_wake(child->leader);
	spin_unlock(&process_tree_lock);
}

void task_publish(struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	linux_process(thread->process)->signals.nthreads++;
	cpu_clock_add_thread(thread);
	thread_publish(thread);
}

/* A tracer that waits for the thread keeps its id in use. */
static void forget_id(struct thread *thread)
{
	list_del(&thread->tid_link);
	if (unlikely(thread->traced))
		ptrace_thread_ends(thread);
	else
		thread_id_put_locked(thread->process, thread->tid);
	user_drop_task(task_of(thread)->real_cred->user);
	end_watch_gone(&task_of(thread)->end_watch);
}

/* What it has used goes to its process as it leaves the list. */
static void add_to_past(struct linux_process *own, struct thread *thread)
{
	assert_hardened(spin_lock_held(&own->signals.lock));
	usage_add_thread_locked(&own->past_usage, thread);
	usage_add_io(&own->past_io, &task_of(thread)->io);
}

void task_forget(struct thread *thread)
{
	struct linux_process *own = linux_process(thread->process);

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (thread == thread->process->leader)
		return;
	spin_lock(&own->signals.lock);
	add_to_past(own, thread);
	list_del(&thread->process_link);
	spin_unlock(&own->signals.lock);
	forget_id(thread);
	kthread_reap_later(thread);
}

void task_forget_last(struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (thread == thread->process->leader)
		return;
	forget_id(thread);
}

/* Call with process_tree_lock held. */
static void become_leader(struct thread *thread, struct thread *leader)
{
	struct linux_process *own = linux_process(thread->process);

	if (unlikely(leader->traced))
		ptrace_drop(leader);
	spin_lock(&own->signals.lock);
	add_to_past(own, leader);
	thread_lead(thread);
	spin_unlock(&own->signals.lock);
	user_drop_task(task_of(leader)->real_cred->user);
	end_watch_gone(&task_of(thread)->end_watch);
	if (unlikely(thread->traced)) {
		task_of(thread)->ptrace->tid = thread->tid;
		child_sort(thread->process);
	}
}

struct thread *task_lead(void)
{
	struct thread *thread = current_thread(), *leader;

	spin_lock(&process_tree_lock);
	leader = thread->process->leader;
	if (leader == thread)
		leader = NULL;
	else
		become_leader(thread, leader);
	spin_unlock(&process_tree_lock);
	return leader;
}
