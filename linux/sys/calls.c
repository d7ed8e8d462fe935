/* SPDX-License-Identifier: MIT */
/* The table of the system calls of Linux. */
#include "linux/sys/calls.h"

#include "abi/faultline.h"
#include "abi/ipc.h"
#include "abi/syscall.h"
#include "linux/sys/not_implemented.h"

#pragma GCC diagnostic ignored "-Woverride-init"
const syscall_fn linux_calls[SYS_LIMIT] = {
	[0 ... SYS_LIMIT - 1] = linux_call_other, /* all that is not below */
#define SYSCALL(name) [SYS_##name] = sys_##name,
#include "linux/sys/syscalls.def"
#undef SYSCALL
#define CALL(name) [SYS_##name] = sys_##name,
#include "trap/calls.def"
#undef CALL
};

long linux_call_other(struct trap_frame *frame)
{
	unsigned long number = frame_syscall(frame);

	switch (number) {
	case SYS_faultline:
		return sys_faultline(frame);
	case SYS_ipc_name:
		return sys_ipc_name(frame);
	default:
		return not_implemented(number);
	}
}
