/* SPDX-License-Identifier: MIT */
/* The root directory of the tree. */
#include "fs/tmpfs/tmpfs.h"

#include "abi/errno.h"
#include "fs/tmpfs/dir.h"

static struct inode *root;

int tmpfs_init(void)
{
	struct inode *dir = dir_create(0755);

	if (!dir)
		return -ENOMEM;
	dir->dir.parent = dir;
	dir->nlink = 2;
	root = dir;
	return 0;
}

struct inode *tmpfs_root(void)
{
	return root;
}
