/* SPDX-License-Identifier: MIT */
/* Work that is due before a return to user mode: signals and rescheduling. */
#include "arch/context.h"
#include "arch/upcall.h"
#include "proc/sched.h"
#include "proc/signal/deliver.h"
#include "proc/signal/signal.h"
#include "sync/lockorder.h"

void trap_user_return(struct trap_frame *frame)
{
	unsigned long work = atomic_load_relaxed(&current_thread()->arch.work);

	lockorder_assert_none_spinning();
	if (work & ARCH_WORK_SIGNAL)
		signal_user_return(frame);
	if (work & ARCH_WORK_RESCHED)
		sched_give_way();
}
