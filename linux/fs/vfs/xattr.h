/* SPDX-License-Identifier: MIT */
/* Extended attributes of inodes and open files: what may have which, in Linux's order of errors. */
#pragma once

#include "linux/fs/vfs/inode.h"

/*
 * What a call names: an inode, or an open file without one, which has no attributes. All functions
 * return a negative errno if they fail: -EOPNOTSUPP for a kind of name, or a file system, that has none;
 * -ENODATA if there is no such attribute; -EROFS. Names are terminated. The caller holds no lock.
 */

/* Returns the length of the value, and copies it to `to` unless `size` is 0. -ERANGE: it is longer. */
ssize_t xattr_get(struct inode *inode, const char *name, vaddr_t to, size_t size);
/* Returns the length of all names with their NULs, and copies them unless `size` is 0. -ERANGE: longer. */
ssize_t xattr_list(struct inode *inode, vaddr_t to, size_t size);
/* flags: XATTR_*. The value is of the kernel. -EEXIST, -ENODATA; -EPERM: no file or directory. */
int xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
	      unsigned flags);
int xattr_remove(struct inode *inode, const char *name);
