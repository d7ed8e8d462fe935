/* SPDX-License-Identifier: MIT */
/* Names of inodes for lists of descriptors and mappings: the path, or what is left of it. */
#include "fs/inode_name.h"

#include "fs/inode.h"
#include "fs/inode_path.h"
#include "fs/tmpfs/memfd.h"
#include "lib/format.h"
#include "lib/string.h"

void inode_name(struct inode *inode, char *buf, size_t size)
{
	if (inode && !inode->mount)
		ksnprintf(buf, size, "/memfd:%s (deleted)", memfd_name(inode));
	else if (!inode || inode_path(inode, buf, size) < 0)
		str_copy(buf, "(deleted)", size);
}
