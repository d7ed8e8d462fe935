/* SPDX-License-Identifier: MIT */
/* Files in memory without a name: regular files that are in no directory. */
#include "fs/tmpfs/memfd.h"

#include "fs/tmpfs/regular.h"
#include "mm/object.h"

struct file *memfd_file_create(void)
{
	return memfd_file_create_with(0777, F_SEAL_SEAL);
}

struct file *memfd_file_create_with(uint32_t mode, unsigned seals)
{
	struct inode *inode = regular_create(NULL, mode, NULL, 0);
	struct file *file;

	if (!inode)
		return NULL;
	to_node(inode)->seals = seals;
	file = file_create(&regular_file_ops, O_RDWR | O_LARGEFILE, inode);
	/* No process executes the file yet, so write access cannot be refused. */
	if (!file || object_get_write(inode->object) != 0) {
		inode_put(inode);
		return NULL;
	}
	return file;
}
