/* SPDX-License-Identifier: MIT */
/* lseek for the kinds of files that have a position. */
#pragma once

#include "lib/types.h"

struct file;

/*
 * For seek slots of struct file_ops. Data and holes are not distinguished: everything up to the end
 * counts as data. Returns the new position, -EINVAL, or -ENXIO for SEEK_DATA and SEEK_HOLE at or
 * beyond the end.
 */
int64_t file_seek_within(struct file *file, uint64_t size, int64_t offset, int whence);

/* file_seek_within() a file whose size is 0. */
int64_t file_seek_in_nothing(struct file *file, int64_t offset, int whence);

/* For those whose end is not known before it is read: SEEK_SET and SEEK_CUR. -EINVAL for others. */
int64_t file_seek_from_start(struct file *file, int64_t offset, int whence);
