/* SPDX-License-Identifier: MIT */
/* Names of inodes for lists of descriptors and mappings: the path, or what is left of it. */
#include "fs/inode_name.h"

#include "abi/errno.h"
#include "fs/inode.h"
#include "fs/inode_path.h"
#include "fs/tmpfs/memfd.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"

size_t inode_name(struct inode *inode, char *buf, size_t size)
{
	size_t len;

	if (inode && !inode->mount) {
		len = (size_t)ksnprintf(buf, size, "/memfd:%s (deleted)", memfd_name(inode));
	} else {
		ssize_t with_nul = inode ? inode_path_anyway(inode, buf, size) : -ENOENT;

		if (with_nul > 0)
			return (size_t)with_nul - 1;
		len = str_copy(buf, "(deleted)", size);
	}
	return MIN(len, size - 1);
}
