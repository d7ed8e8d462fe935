/* SPDX-License-Identifier: MIT */
/* Open files and user ranges as arguments of system calls. */
#pragma once

#include "arch/page.h"
#include "desc/fdtable.h"
#include "desc/file.h"
#include "proc/process.h"
#include "trap/syscall.h"

/*
 * Return the open file of the descriptor in argument n with a reference, or NULL for EBADF. A
 * file with FILE_NO_ACCESS is NULL to arg_file(), but not to arg_file_any().
 */
static inline struct file *arg_file(const struct trap_frame *frame, unsigned n)
{
	return fdtable_get(current_thread()->fdtable, arg_int(frame, n));
}

/*
 * For calls that are worth it: the same without a reference, see fdtable_look(). NULL too if another
 * thread could close the descriptor; then with_file() does the call.
 */
static inline struct file *arg_look(const struct trap_frame *frame, unsigned n)
{
	return fdtable_look(current_thread()->fdtable, arg_int(frame, n));
}

/* Does the call with the file of the descriptor in argument 0, which it holds meanwhile, or fails with -EBADF. */
typedef long (*file_call)(struct trap_frame *frame, struct file *file);
long with_file(struct trap_frame *frame, file_call call);

static inline struct file *arg_file_any(const struct trap_frame *frame, unsigned n)
{
	return fdtable_get_any(current_thread()->fdtable, arg_int(frame, n));
}

/* Linux's access_ok(): a range outside user addresses is -EFAULT before other checks. */
static inline int check_user_range(vaddr_t addr, size_t n)
{
	return n <= USER_TOP && addr <= USER_TOP - n ? 0 : -EFAULT;
}
