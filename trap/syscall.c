/* SPDX-License-Identifier: MIT */
/* The table of system calls, and their dispatcher. */
#include "trap/syscall.h"

#include "abi/faultline.h"
#include "abi/ipc.h"
#include "abi/syscall.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "linux/ptrace/traced_call.h"
#include "linux/sys/not_implemented.h"
#include "proc/thread.h"

/* C libraries try these at each start and work without them, as on some configurations of Linux. */
static long sys_absent(struct trap_frame *frame)
{
	(void)frame;
	return -ENOSYS;
}

static const syscall_fn table[SYS_LIMIT] = {
#define SYSCALL(name) [SYS_##name] = sys_##name,
#include "linux/sys/syscalls.def"
#undef SYSCALL
	/* fail without a message in the log */
	[SYS_riscv_hwprobe] = sys_absent,
};

static const syscall_fn ipc_table[] = {
	[SYS_ipc_create - SYS_ipc_create] = sys_ipc_create,
	[SYS_ipc_badge - SYS_ipc_create] = sys_ipc_badge,
	[SYS_ipc_call - SYS_ipc_create] = sys_ipc_call,
	[SYS_ipc_receive - SYS_ipc_create] = sys_ipc_receive,
	[SYS_ipc_reply - SYS_ipc_create] = sys_ipc_reply,
	[SYS_ipc_reply_receive - SYS_ipc_create] = sys_ipc_reply_receive,
	[SYS_ipc_read - SYS_ipc_create] = sys_ipc_read,
	[SYS_ipc_write - SYS_ipc_create] = sys_ipc_write,
	[SYS_ipc_take - SYS_ipc_create] = sys_ipc_take,
	[SYS_ipc_give - SYS_ipc_create] = sys_ipc_give,
	[SYS_ipc_notify - SYS_ipc_create] = sys_ipc_notify,
};

/* Calls beyond Linux's numbers, and those that are not implemented. */
static long other(struct trap_frame *frame, unsigned long number)
{
	if (likely(number - SYS_ipc_create < ARRAY_SIZE(ipc_table)))
		return ipc_table[number - SYS_ipc_create](frame);
	return number == SYS_faultline ? sys_faultline(frame) : not_implemented(number);
}

static inline __attribute__((always_inline)) long dispatch(struct trap_frame *frame)
{
	unsigned long number = frame_syscall(frame);
	syscall_fn call = number < SYS_LIMIT ? table[number] : NULL;
	long result;

	hart_count_event(HART_SYSCALLS);
	result = likely(call) ? call(frame) : other(frame, number);
	thread_assert_no_waiting_lock(current_thread());
	return result;
}

long syscall_make(struct trap_frame *frame)
{
	return dispatch(frame);
}

long trap_syscall(struct trap_frame *frame)
{
	return likely(!atomic_load_relaxed(&current_thread()->traced)) ? dispatch(frame)
								       : traced_call_later(frame);
}
