/* SPDX-License-Identifier: MIT */
/* Which system calls there are, and the way to them. */
#include "trap/syscall.h"

#include "abi/faultline.h"
#include "abi/syscall.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "proc/thread.h"
#include "trap/not_implemented.h"

/* C libraries ask for these at each start and do without, as on a Linux that is configured so. */
static long sys_absent(struct trap_frame *frame)
{
	(void)frame;
	return -ENOSYS;
}

static const syscall_fn table[SYS_LIMIT] = {
#define SYSCALL(name) [SYS_##name] = sys_##name,
#include "trap/syscalls.def"
#undef SYSCALL
	[SYS_exit_group] = sys_exit,
	/* of which the log says nothing */
	[SYS_rseq] = sys_absent,
	[SYS_clone3] = sys_absent,
	[SYS_riscv_hwprobe] = sys_absent,
};

/* Beyond Linux's numbers, and those that are not implemented. */
static long other(struct trap_frame *frame, unsigned long number)
{
	return number == SYS_faultline ? sys_faultline(frame) : not_implemented(number);
}

void trap_syscall(struct trap_frame *frame)
{
	unsigned long number = frame_syscall(frame);
	syscall_fn call = number < SYS_LIMIT ? table[number] : NULL;

	hart_count_event(HART_SYSCALLS);
	frame_set_result(frame, likely(call) ? call(frame) : other(frame, number));
	thread_assert_no_waiting_lock(current_thread());
}
