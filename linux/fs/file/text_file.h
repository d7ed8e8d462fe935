/* SPDX-License-Identifier: MIT */
/* Reads and seeks of files that have no size, such as those whose text is made when it is read. */
#pragma once

#include "desc/user_iter.h"

struct file;

/*
 * Copies what of the text is behind *pos, and advances that. Returns how much there was room for, 0 at the end, or
 * -EFAULT.
 */
ssize_t user_iter_copy_text(struct user_iter *to, uint64_t *pos, const char *text, size_t len);

/* Seek slots, as file_seek_within(); the first one for a file whose size is 0. */
int64_t file_seek_in_nothing(struct file *file, int64_t offset, int whence);

/* For those whose end is not known before it is read: SEEK_SET and SEEK_CUR. -EINVAL for others. */
int64_t file_seek_from_start(struct file *file, int64_t offset, int whence);
