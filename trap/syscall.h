/* SPDX-License-Identifier: MIT */
/* The core's own system calls, and how the call that a frame asks for is made. */
#pragma once

#include "abi/errno.h"
#include "arch/frame.h"
#include "base/os_layer.h"
#include "trap/args.h"

/* Makes the call that the frame asks for. Returns its result. */
long syscall_make(struct trap_frame *frame);

/*
 * A system call takes its arguments from the frame (frame_arg(), or arg_*() of trap/args.h) and returns its result, or a
 * negative errno; the dispatcher stores that in the frame. It checks every value that comes from the program.
 */
#define CALL(name) long sys_##name(struct trap_frame *frame);
#include "trap/calls.def"
#undef CALL
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
long sys_ipc_object(struct trap_frame *frame);
long sys_ipc_post(struct trap_frame *frame);
long sys_ipc_files(struct trap_frame *frame);
long sys_ipc_join(struct trap_frame *frame);
long sys_ipc_drop(struct trap_frame *frame);
long sys_ipc_reopen(struct trap_frame *frame);
