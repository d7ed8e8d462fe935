/* SPDX-License-Identifier: MIT */
/* Arguments of system calls that need more than a cast. */
#include "trap/args.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
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

int arg_versioned(void *to, size_t known, vaddr_t from, size_t size)
{
	char rest[64];
	size_t n;

	memset(to, 0, known);
	if (user_copy_in(to, from, MIN(size, known)))
		return -EFAULT;
	for (size_t done = known; done < size; done += n) {
		n = MIN(size - done, sizeof(rest));
		if (user_copy_in(rest, from + done, n))
			return -EFAULT;
		for (size_t i = 0; i < n; i++)
			if (rest[i] != 0)
				return -E2BIG;
	}
	return 0;
}
