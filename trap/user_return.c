/* SPDX-License-Identifier: MIT */
/* Work that is due before a return to user mode: a late system call, signals and rescheduling. */
#include "arch/context.h"
#include "arch/frame.h"
#include "arch/hart.h"
#include "arch/upcall.h"
#include "base/os_layer.h"
#include "lib/bits.h"
#include "proc/sched.h"
#include "record/journal.h"
#include "sync/lockorder.h"
#include "trap/report_stack.h"

/* Not inline: trap_user_return() would keep the table's address in a register, which it had to save first. */
static __attribute__((noinline)) void layer_leave(struct trap_frame *frame)
{
	os_layer.leave(frame);
}

static __attribute__((noinline)) void layer_resume(struct trap_frame *frame)
{
	os_layer.resume(frame);
}

/* A system call that left itself for now. */
static __attribute__((noinline)) void late_call(struct trap_frame *frame)
{
	struct thread *thread = current_thread();

	__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_CALL, __ATOMIC_RELAXED);
	frame_set_result(frame, thread->late_call(frame));
}

/* The bit goes first: who moves from here on has it again. */
static __attribute__((noinline)) void text_catch_up(void)
{
	__atomic_fetch_and(&current_thread()->arch.work, ~ARCH_WORK_TEXT, __ATOMIC_SEQ_CST);
	arch_icache_sync();
}

void trap_user_return(struct trap_frame *frame)
{
	unsigned long work;

	lockorder_assert_none_spinning();
	/* Before a handler's frame is made, and before others run. */
	if (unlikely(current_thread()->arch.rseq_due))
		layer_resume(frame);
	work = atomic_load_relaxed(&current_thread()->arch.work);
	if (work == 0)
		return;
	if (likely(work == ARCH_WORK_LEAVE)) {
		layer_leave(frame);
		return;
	}
	if (work & ARCH_WORK_REPORT)
		report_end(frame);
	if (work & ARCH_WORK_CALL)
		late_call(frame);
	if (work & ARCH_WORK_JOURNAL)
		journal_catch_up();
	if (work & ARCH_WORK_LEAVE)
		layer_leave(frame);
	if (work & ARCH_WORK_RSEQ)
		layer_resume(frame);
	if (work & ARCH_WORK_TEXT)
		text_catch_up();
	if (work & ARCH_WORK_MOVE)
		sched_move();
	if (work & ARCH_WORK_RESCHED)
		sched_give_way();
}
