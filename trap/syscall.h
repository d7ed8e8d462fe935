/* SPDX-License-Identifier: MIT */
/* The type of a system call, and the names of all. */
#pragma once

#include "abi/errno.h"
#include "arch/frame.h"
#include "trap/args.h"

/*
 * A system call takes its arguments from the frame (frame_arg(), or arg_*() of trap/args.h) and
 * returns its result, or a negative errno; the dispatcher stores that in the frame. It checks every
 * value that comes from the program.
 */
typedef long (*syscall_fn)(struct trap_frame *frame);

/* Makes the call that the frame asks for. Returns its result. */
long syscall_make(struct trap_frame *frame);

/* The functions of linux/sys/syscalls.def, and Faultline's own call, whose number is beyond Linux's. */
#define SYSCALL(name) long sys_##name(struct trap_frame *frame);
#include "linux/sys/syscalls.def"
#undef SYSCALL
long sys_faultline(struct trap_frame *frame);
long sys_ipc_create(struct trap_frame *frame);
long sys_ipc_badge(struct trap_frame *frame);
long sys_ipc_call(struct trap_frame *frame);
long sys_ipc_receive(struct trap_frame *frame);
long sys_ipc_reply(struct trap_frame *frame);
long sys_ipc_reply_receive(struct trap_frame *frame);
long sys_ipc_read(struct trap_frame *frame);
long sys_ipc_write(struct trap_frame *frame);
long sys_ipc_take(struct trap_frame *frame);
long sys_ipc_give(struct trap_frame *frame);
long sys_ipc_notify(struct trap_frame *frame);
