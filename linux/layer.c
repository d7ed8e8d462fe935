/* SPDX-License-Identifier: MIT */
/* The hooks of the core that the Linux layer fills (base/os_layer.def). */
#include "base/os_layer.h"

#include "abi/signal.h"
#include "linux/fs/file/fifo.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/path.h"
#include "linux/holders.h"
#include "linux/process/cred.h"
#include "linux/process/end.h"
#include "linux/process/limits.h"
#include "linux/process/oom.h"
#include "linux/process/rseq.h"
#include "linux/process/task.h"
#include "linux/process/vdso.h"
#include "linux/ptrace/ptrace.h"
#include "linux/ptrace/traced_call.h"
#include "linux/signal/arrive.h"
#include "linux/signal/deliver.h"
#include "linux/signal/refused.h"
#include "linux/signal/send.h"
#include "linux/sys/calls.h"
#include "mm/host.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/process.h"

static uint64_t linux_memory_limit(enum memory_limit which)
{
	static const uint8_t resources[] = {
		[LIMIT_MAPPED] = RLIMIT_AS,	 [LIMIT_DATA] = RLIMIT_DATA,
		[LIMIT_HEAP] = RLIMIT_DATA,	 [LIMIT_STACK] = RLIMIT_STACK,
		[LIMIT_LOCKED] = RLIMIT_MEMLOCK,
	};
	uint64_t limit = process_own_limit(resources[which]);

	if (which == LIMIT_LOCKED && capable(CAP_IPC_LOCK))
		limit = UINT64_MAX;
	else if (which == LIMIT_DATA && limit == 0) /* it refuses only heap */
		limit = atomic_load_relaxed(&current_linux_process()->rlimits[RLIMIT_DATA].max);
	return limit;
}

static void linux_fetches(size_t bytes)
{
	current_task()->fetched_bytes += bytes;
}

static int linux_start(void)
{
	mm_host.relieve = oom_relieve;
	mm_host.limit = linux_memory_limit;
	mm_host.fetches = linux_fetches;
	cred_init();
	signal_arrivals_init();
	notify_init();
	pi_init();
	return vdso_init();
}

static void linux_kill(struct process *process)
{
	signal_force(process, SIGKILL);
}

static void linux_thread_made(struct thread *thread)
{
	struct cred *cred = thread->process ? current_task()->real_cred : &init_cred;

	task_of(thread)->cred = task_of(thread)->real_cred = cred_get(cred);
	if (!thread->process)
		return;
	thread->signalled = signals_end_waits;
	task_of(thread)->exceeds_tasks = current_task()->exceeds_tasks;
	task_of(thread)->personality = current_task()->personality;
	task_of(thread)->start_tick = arch_time();
	thread_signals_init(&task_of(thread)->signals);
}

static void linux_thread_freed(struct thread *thread)
{
	kfree(task_of(thread)->ptrace);
	cred_put(task_of(thread)->real_cred);
}

static const char *linux_object_name(struct object *object, char *buf, size_t size)
{
	struct inode *inode;

	if (vdso_name(object))
		return "the vDSO";
	inode = size && object->ops->inode ? object->ops->inode(object) : NULL;
	if (!inode)
		return NULL;
	inode_name(inode, buf, size);
	path_put(inode);
	return buf;
}

_Static_assert(sizeof(struct task) <= SLAB_SIZE_MAX &&
		       _Alignof(struct task) == _Alignof(struct thread),
	       "thread_cache has room for a task");
_Static_assert(sizeof(struct linux_process) <= SLAB_SIZE_MAX &&
		       _Alignof(struct linux_process) == _Alignof(struct process),
	       "process_cache has room for a linux_process");

OS_LAYER(linux_layer) = {
	.thread_size = sizeof(struct task),
	.process_size = sizeof(struct linux_process),
	.calls = linux_calls,
	.file_size = sizeof(struct linux_file),
	.fdtable_size = sizeof(struct linux_fdtable),
	.pipe_size = sizeof(struct linux_pipe),
	.start = linux_start,
	.call_other = linux_call_other,
	.call_traced = traced_call_later,
	.leave = signal_user_return,
	.resume = rseq_resume,
	.refused = signal_of_refusal,
	.refused_end = signal_end_refused,
	.refused_name = signal_name_of_refusal,
	.refused_result = signal_refused_now,
	.kill = linux_kill,
	.process_freed = linux_process_freed,
	.thread_made = linux_thread_made,
	.thread_freed = linux_thread_freed,
	.file_last = linux_file_last,
	.file_closed = linux_file_closed,
	.pipe_broken = linux_pipe_broken,
	.object_name = linux_object_name,
	.visit_kinds = linux_visit_kinds,
	.find_held = linux_find_held,
	.find_in_thread = linux_find_in_thread,
	.find_in_file = linux_find_in_file,
};
