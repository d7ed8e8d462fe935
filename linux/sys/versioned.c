/* SPDX-License-Identifier: MIT */
/* Structs that programs pass with their size, which tells their version. */
#include "linux/sys/versioned.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"

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
