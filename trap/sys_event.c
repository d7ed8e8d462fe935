/* SPDX-License-Identifier: MIT */
/* System calls on descriptors that are there to be waited for: event counters. */
#include "abi/errno.h"
#include "abi/eventfd.h"
#include "fs/anon_file.h"
#include "fs/eventfd.h"
#include "trap/syscall.h"

long sys_eventfd2(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	struct file *file;
	int err;

	if (flags & ~(unsigned)(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	err = eventfd_create(arg_uint(frame, 0), flags, &file);
	return err ? err : anon_file_install(file, (flags & EFD_CLOEXEC) != 0);
}
