/* SPDX-License-Identifier: MIT */
/* Renames within a tmpfs. */
#pragma once

#include "linux/fs/vfs/inode.h"

/* The `rename` of struct inode_ops. It may return -ENOMEM, but never -ENOSPC. */
int tmpfs_rename(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
		 const struct path_part *new, unsigned flags, struct inode_moves *moves);
