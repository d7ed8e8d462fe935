/* SPDX-License-Identifier: MIT */
/* Extended attributes of files in memory. */
#pragma once

#include "linux/fs/tmpfs/node.h"

/* The slots of struct inode_ops. */
ssize_t tmpfs_xattr_get(struct inode *inode, const char *name, vaddr_t to, size_t size);
ssize_t tmpfs_xattr_list(struct inode *inode, vaddr_t to, size_t size);
int tmpfs_xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
		    unsigned flags);
int tmpfs_xattr_remove(struct inode *inode, const char *name);

/* The inode's last reference is gone. */
void tmpfs_xattrs_free(struct tmpfs_node *node);
