/* SPDX-License-Identifier: MIT */
/* Arguments of system calls that need more than a cast. */
#include "trap/args.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "mm/phys/kmalloc.h"
#include "mm/user_copy.h"
#include "proc/mem_wait.h"

int arg_path(const struct trap_frame *frame, unsigned n, char **path_ret)
{
	char *path = mem_wait_kmalloc(PATH_MAX);
	ssize_t len;

	if (!path)
		return -ENOMEM;
	len = user_copy_string(path, arg_user(frame, n), PATH_MAX);
	if (len <= 0) {
		kfree(path);
		return len ? (int)len : -ENOENT;
	}
	*path_ret = path;
	return 0;
}
