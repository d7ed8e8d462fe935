/* SPDX-License-Identifier: MIT */
/* Calls that hold the file of a descriptor while another thread may close it. */
#include "trap/arg_file.h"

#include "abi/errno.h"

long with_file(struct trap_frame *frame, file_call call)
{
	struct file *file = arg_file(frame, 0);
	long result;

	if (!file)
		return -EBADF;
	result = call(frame, file);
	file_put(file);
	return result;
}
