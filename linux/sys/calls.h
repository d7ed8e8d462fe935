/* SPDX-License-Identifier: MIT */
/* The system calls of Linux. */
#pragma once

#include "abi/errno.h"
#include "arch/frame.h"
#include "trap/syscall.h"

/* The functions of linux/sys/syscalls.def, by number. */
extern const syscall_fn linux_calls[];

/* Those that are not in the table: Faultline's own, whose number is beyond Linux's, and what is not implemented. */
long linux_call_other(struct trap_frame *frame);

#define SYSCALL(name) long sys_##name(struct trap_frame *frame);
#include "linux/sys/syscalls.def"
#undef SYSCALL
long sys_faultline(struct trap_frame *frame);
long sys_ipc_name(struct trap_frame *frame);
