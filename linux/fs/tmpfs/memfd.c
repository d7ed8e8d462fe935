/* SPDX-License-Identifier: MIT */
/* Files in memory without a path: regular files that are in no directory. */
#include "linux/fs/tmpfs/memfd.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/tmpfs/regular.h"
#include "linux/fs/vfs/permission.h"
#include "proc/mem_wait.h"

struct file *memfd_file_create(void)
{
	return memfd_file_create_with("", 0777, F_SEAL_SEAL);
}

static int memfd_set_name(struct inode *inode, const char *name)
{
	size_t size = strlen(name) + 1;
	char *copy;

	if (size == 1)
		return 0;
	copy = mem_wait_kmalloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, name, size);
	to_node(inode)->memfd_name = copy;
	return 0;
}

struct file *memfd_file_create_with(const char *name, uint32_t mode, unsigned seals)
{
	struct inode *inode = regular_create(NULL, mode, NULL, 0);
	struct file *file = NULL;

	if (!inode)
		return NULL;
	inode_init_owner(inode, NULL);
	to_node(inode)->seals = seals;
	if (memfd_set_name(inode, name) == 0)
		file = file_create(&memfd_file_ops, O_RDWR | O_LARGEFILE, inode);
	if (!file)
		inode_put(inode);
	return file;
}

size_t memfd_label(struct inode *inode, char *buf, size_t size)
{
	return (size_t)ksnprintf(buf, size, "/memfd:%s (deleted)",
				 to_node(inode)->memfd_name ?: "");
}
