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
