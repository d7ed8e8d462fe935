/* SPDX-License-Identifier: MIT */
/* Arguments of system calls in the types that Linux gives them, so that excess bits are ignored. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

static inline int arg_int(const struct trap_frame *frame, unsigned n)
{
	return (int)frame_arg(frame, n);
}

static inline unsigned arg_uint(const struct trap_frame *frame, unsigned n)
{
	return (unsigned)frame_arg(frame, n);
}

static inline int64_t arg_i64(const struct trap_frame *frame, unsigned n)
{
	return (int64_t)frame_arg(frame, n);
}

static inline uint64_t arg_u64(const struct trap_frame *frame, unsigned n)
{
	return frame_arg(frame, n);
}

/* An address from the program, unchecked: only user_copy_*() may access it. */
static inline vaddr_t arg_user(const struct trap_frame *frame, unsigned n)
{
	return frame_arg(frame, n);
}
