/* SPDX-License-Identifier: MIT */
/* Threads by their ids, and threads that are remembered. */
#include "linux/process/thread_id.h"

struct process *process_find_any(int id)
{
	struct thread *thread = thread_find(id);

	return thread ? thread->process : NULL;
}

struct thread_id thread_id_of(const struct thread *thread)
{
	const struct process *process = thread->process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	return (struct thread_id){
		.process = { process->pid, process->birth },
		.tid = thread->tid,
		.birth = thread->birth,
	};
}

struct thread *thread_find_id(const struct thread_id *id)
{
	struct process *process = process_find_id(&id->process);
	struct thread *thread = process ? thread_find(id->tid) : NULL;

	return thread && thread->process == process && thread->birth == id->birth ? thread : NULL;
}

/* The list is in the order of births, with the leader first. */
struct thread *thread_next(const struct process *process, uint64_t birth)
{
	struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for_each_thread(thread, process)
		if (thread->birth >= birth)
			return thread;
	return NULL;
}
