/* SPDX-License-Identifier: MIT */
/* System calls of a traced thread: with all its registers in the frame, and with stops before and after. */
#include "linux/ptrace/traced_call.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "linux/process/task.h"
#include "linux/ptrace/ptrace.h"
#include "proc/process.h"
#include "trap/syscall.h"

/* What the tracer sees of an interrupted call, which a program never sees. */
static const long restart_codes[] = {
	[RESTART_ASKED] = -512,	 /* ERESTARTSYS */
	[RESTART_SILENT] = -514, /* ERESTARTNOHAND */
	[RESTART_SLEEP] = -516,	 /* ERESTART_RESTARTBLOCK */
	[RESTART_ALWAYS] = -513, /* ERESTARTNOINTR */
};

/* A call that leaves itself for now is made here, too. */
static void make_call(struct trap_frame *frame)
{
	struct thread *thread = current_thread();

	frame_set_result(frame, syscall_make(frame));
	while (atomic_load_relaxed(&thread->arch.work) & ARCH_WORK_CALL) {
		__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_CALL, __ATOMIC_RELAXED);
		frame_set_result(frame, thread->late_call(frame));
	}
}

static void stop_after(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	enum restart restart = frame_result(frame) == -EINTR ? thread->restart : RESTART_NONE;

	if (restart != RESTART_NONE)
		frame_set_result(frame, restart_codes[restart]);
	ptrace_call_stop(PTRACE_EVENTMSG_SYSCALL_EXIT);
	if (restart != RESTART_NONE && frame_result(frame) == restart_codes[restart])
		frame_set_result(frame, -EINTR);
	else
		thread->restart = RESTART_NONE;
}

/* As on Linux, the tracer finds -ENOSYS as the result, and that or what it stores stays if the number is -1. */
static long traced_call(struct trap_frame *frame)
{
	struct ptrace *ptrace = current_task()->ptrace;

	ptrace->full_frame = true;
	frame_set_result(frame, -ENOSYS);
	if (!ptrace_call_stop(PTRACE_EVENTMSG_SYSCALL_ENTRY))
		frame_set_result(frame, -EINTR);
	else if (frame_syscall(frame) != -1ul)
		make_call(frame);
	stop_after(frame);
	ptrace->full_frame = false;
	return frame_result(frame);
}

long traced_call_later(struct trap_frame *frame)
{
	struct thread *thread = current_thread();

	thread->late_call = traced_call;
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_CALL, __ATOMIC_RELAXED);
	return (long)frame_arg(frame, 0);
}
