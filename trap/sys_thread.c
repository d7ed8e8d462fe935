/* SPDX-License-Identifier: MIT */
/* System calls on the running thread and its process that every kernel has. */
#include "proc/process.h"
#include "proc/sched.h"
#include "trap/syscall.h"

long sys_getpid(struct trap_frame *frame)
{
	return current_process()->pid;
}

long sys_gettid(struct trap_frame *frame)
{
	return current_thread()->tid;
}

long sys_set_tid_address(struct trap_frame *frame)
{
	struct thread *thread = current_thread();

	thread->clear_tid = arg_user(frame, 0);
	return thread->tid;
}

long sys_sched_yield(struct trap_frame *frame)
{
	sched_yield();
	return 0;
}
