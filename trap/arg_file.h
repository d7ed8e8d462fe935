/* SPDX-License-Identifier: MIT */
/* Open files and user ranges as arguments of system calls. */
#pragma once

#include "arch/page.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "proc/process.h"
#include "trap/syscall.h"

/*
 * The open file of the descriptor in argument n, referenced; NULL: EBADF. The second also where it
 * is open by O_PATH only.
 */
static inline struct file *arg_file(const struct trap_frame *frame, unsigned n)
{
	return fdtable_get(current_process()->fdtable, arg_int(frame, n));
}

static inline struct file *arg_file_path(const struct trap_frame *frame, unsigned n)
{
	return fdtable_get_path(current_process()->fdtable, arg_int(frame, n));
}

/*
 * Linux's access_ok(): a range that cannot be user memory at all is -EFAULT before anything else is
 * looked at.
 */
static inline int check_user_range(vaddr_t addr, size_t n)
{
	return n <= USER_TOP && addr <= USER_TOP - n ? 0 : -EFAULT;
}
