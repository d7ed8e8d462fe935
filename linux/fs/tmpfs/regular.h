/* SPDX-License-Identifier: MIT */
/* Regular files: bytes in a memory object. */
#pragma once

#include "linux/fs/tmpfs/node.h"

/*
 * Creates a regular file with one reference and nlink 0; a memfd if mount is NULL. If `initial` is
 * not NULL, it holds the file's first `size` bytes. Each page is copied from there when it is first
 * used, so these bytes must stay unchanged forever. Returns NULL if memory runs out.
 */
struct inode *regular_create(struct mount *mount, uint32_t mode, const void *initial,
			     uint64_t size);

/* Drops the reference to the file's object, if it has one. The inode's last reference is gone. */
void regular_free(struct inode *inode);

uint64_t regular_size(struct inode *inode); /* bytes */
/* Pages that its bytes take now, or will take once used. */
uint64_t regular_pages(struct inode *inode);

/*
 * Sets the size. Returns 0, -EFBIG, or -EPERM if a seal forbids it. The caller holds no lock, and
 * has write access to the object (object_get_write()).
 */
int regular_truncate(struct inode *inode, uint64_t size);

/* object_punch() under the inode's lock; -EPERM if a seal forbids it. The caller holds no lock. */
int regular_punch(struct inode *inode, uint64_t start, uint64_t end);

extern const struct file_ops regular_file_ops, memfd_file_ops;
