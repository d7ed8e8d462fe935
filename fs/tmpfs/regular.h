/* SPDX-License-Identifier: MIT */
/* Regular files: bytes in a memory object. */
#pragma once

#include "fs/inode.h"

/*
 * A regular file; `initial` (NULL: none) are its first `size` bytes, copied page by page when a
 * page is first asked for: it must stay as it is for ever. One reference, nlink 0; NULL: out of
 * memory.
 */
struct inode *regular_create(uint32_t mode, uint32_t dev, const void *initial, uint64_t size);

/* Lets go of its bytes, if it has come to have any. => its last reference is gone */
void regular_free(struct inode *inode);

uint64_t regular_size(struct inode *inode);  /* bytes */
uint64_t regular_pages(struct inode *inode); /* frames that its bytes take, or will */

/*
 * Sets the size: 0, -EFBIG, or -EPERM where a seal forbids it. => no lock held; whoever asks has write access (object_get_write())
 */
int regular_truncate(struct inode *inode, uint64_t size);

/* object_punch() in turn with writers: -EPERM too, where a seal forbids it. => no lock held */
int regular_punch(struct inode *inode, uint64_t start, uint64_t end);

extern const struct file_ops regular_file_ops;
