/* SPDX-License-Identifier: MIT */
/* The core's own answers to the hooks of base/os_layer.def, for an image without a layer. */
#include "base/os_layer.h"

#include "boot/alone/archive.h"
#include "boot/alone/calls.h"
#include "boot/alone/process.h"
#include "desc/fdtable.h"
#include "desc/pipe_impl.h"
#include "lib/string.h"
#include "mm/object/object.h"
#include "proc/pid.h"
#include "trap/syscall.h"

static int alone_start(void)
{
	return 0;
}

/* Nobody sets `traced`. */
static long alone_call_traced(struct trap_frame *frame)
{
	return syscall_make(frame);
}

/* The only thing that is due is the end of the thread. */
static void alone_leave(struct trap_frame *frame)
{
	(void)frame;
	__atomic_fetch_and(&current_thread()->arch.work, ~ARCH_WORK_LEAVE, __ATOMIC_SEQ_CST);
	if (current_killed())
		process_end(0, false);
}

static void alone_resume(struct trap_frame *frame)
{
	(void)frame;
	__atomic_fetch_and(&current_thread()->arch.work, ~ARCH_WORK_RSEQ, __ATOMIC_SEQ_CST);
}

static bool alone_refused(enum refusal why, vaddr_t addr)
{
	(void)why, (void)addr;
	return false;
}

static void kill_self(int status)
{
	spin_lock(&process_tree_lock);
	process_ask_to_end(current_process(), status);
	spin_unlock(&process_tree_lock);
}

static void alone_refused_end(enum refusal why)
{
	(void)why;
	kill_self(STATUS_REFUSED);
}

static const char *alone_refused_name(enum refusal why)
{
	static const char *const names[] = {
		[REFUSED_UNMAPPED] = "an access to nothing",
		[REFUSED_FORBIDDEN] = "a forbidden access",
		[REFUSED_LOST] = "an access to a lost page",
		[REFUSED_ILLEGAL] = "an illegal instruction",
		[REFUSED_MISALIGNED] = "a misaligned access",
		[REFUSED_BREAKPOINT] = "a breakpoint",
		[REFUSED_PHYSICAL] = "a refused access",
	};

	return names[why];
}

static int alone_refused_now(void)
{
	return current_killed() ? STATUS_REFUSED : 0;
}

static void alone_kill(struct process *process)
{
	if (process == current_process())
		kill_self(STATUS_KILLED);
	else
		process_ask_to_end(process, STATUS_KILLED);
}

static void alone_process_freed(struct process *process)
{
	(void)process;
}

/* Only a kill ends a wait that signals end. */
static bool alone_signalled(void)
{
	return current_killed();
}

static void alone_thread_made(struct thread *thread)
{
	if (thread->process)
		thread->signalled = alone_signalled;
}

static void alone_thread_freed(struct thread *thread)
{
	(void)thread;
}

static void alone_file_last(struct file *file)
{
	(void)file;
}

static void alone_file_closed(struct fdtable *table, struct file *file)
{
	(void)table, (void)file;
}

/* Who writes to a pipe that nobody reads gets -EPIPE, and nothing more. */
static void alone_pipe_broken(void)
{
}

static const char *alone_object_name(struct object *object, char *buf, size_t size)
{
	const char *name = size ? archive_name(object) : NULL;

	if (!name)
		return NULL;
	str_copy(buf, name, size);
	return buf;
}

static void alone_visit_kinds(void (*visit)(struct counted_kind *kind, void *arg), void *arg)
{
	(void)visit, (void)arg;
}

static void alone_find_in_thread(const struct thread *thread)
{
	(void)thread;
}

OS_LAYER(alone) = {
	.thread_size = sizeof(struct thread),
	.process_size = sizeof(struct process),
	.calls = alone_calls,
	.file_size = sizeof(struct file),
	.fdtable_size = sizeof(struct fdtable),
	.pipe_size = sizeof(struct pipe),
	.start = alone_start,
	.call_other = alone_call_other,
	.call_traced = alone_call_traced,
	.leave = alone_leave,
	.resume = alone_resume,
	.refused = alone_refused,
	.refused_end = alone_refused_end,
	.refused_name = alone_refused_name,
	.refused_result = alone_refused_now,
	.kill = alone_kill,
	.process_freed = alone_process_freed,
	.thread_made = alone_thread_made,
	.thread_freed = alone_thread_freed,
	.file_last = alone_file_last,
	.file_closed = alone_file_closed,
	.pipe_broken = alone_pipe_broken,
	.object_name = alone_object_name,
	.visit_kinds = alone_visit_kinds,
	.find_held = archive_holds,
	.find_in_thread = alone_find_in_thread,
	.find_in_file = alone_file_last,
};
