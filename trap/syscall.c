/* SPDX-License-Identifier: MIT */
/* The dispatcher of system calls, and the table of the core's own. */
#include "trap/syscall.h"

#include "abi/ipc.h"
#include "abi/syscall.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "proc/thread.h"

static long call_other(struct trap_frame *frame)
{
	return os_layer.call_other(frame);
}

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
	[SYS_ipc_object - SYS_ipc_create] = sys_ipc_object,
	[SYS_ipc_post - SYS_ipc_create] = sys_ipc_post,
	[SYS_ipc_files - SYS_ipc_create] = sys_ipc_files,
	[SYS_ipc_reopen - SYS_ipc_create] = sys_ipc_reopen,
	[SYS_ipc_join - SYS_ipc_create] = sys_ipc_join,
	[SYS_ipc_name - SYS_ipc_create] = call_other,
	[SYS_ipc_drop - SYS_ipc_create] = sys_ipc_drop,
};

static inline __attribute__((always_inline)) long find_and_call(struct trap_frame *frame)
{
	unsigned long number = frame_syscall(frame);

	hart_count_event(HART_SYSCALLS);
	if (likely(number < SYS_LIMIT))
		return os_layer.calls[number](frame);
	if (likely(number - SYS_ipc_create < ARRAY_SIZE(ipc_table)))
		return ipc_table[number - SYS_ipc_create](frame);
	return os_layer.call_other(frame);
}

static inline __attribute__((always_inline)) long dispatch(struct trap_frame *frame)
{
	long result = find_and_call(frame);

	thread_assert_no_waiting_lock(current_thread());
	return result;
}

long syscall_make(struct trap_frame *frame)
{
	return dispatch(frame);
}

long trap_syscall(struct trap_frame *frame)
{
	return likely(!atomic_load_relaxed(&current_thread()->traced))
		       ? dispatch(frame)
		       : os_layer.call_traced(frame);
}
