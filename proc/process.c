/* SPDX-License-Identifier: MIT */
/* How the threads of a process are made, and freed. */
#include "proc/process.h"

#include "abi/errno.h"
#include "proc/exit.h"
#include "proc/pid.h"
#include "proc/priority.h"
#include "proc/sched.h"

void (*driver_exit_hook)(const struct process *process);
void (*machine_exit_hook)(int status);

uint64_t process_nfds_max(void)
{
	const struct process *process = current_process();

	return process ? atomic_load_relaxed(&process->nfds_max) : UINT64_MAX;
}

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
	list_add_tail(&process->threads, &thread->process_link);
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
