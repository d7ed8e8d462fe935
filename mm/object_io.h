/* SPDX-License-Identifier: MIT */
/* Read and write of an object's bytes through its pages. */
#pragma once

#include "mm/object.h"

/*
 * read/write of a file's bytes through its pages, for user buffers (faults allowed) and kernel
 * ones. The count done, 0 at the end of the object for reads, negative errno only where nothing was
 * done. A write beyond the end grows the size as it goes: -ENOSPC where there is no memory for it,
 * -EFBIG where it would begin beyond OBJECT_SIZE_MAX. They pause between pages: -EINTR where the
 * thread was killed. Where a page that is within the size can't be had, relieve() decides.
 * => no spinning lock held; for writes the file's waiting lock held
 */
ssize_t object_read(struct object *object, uint64_t pos, vaddr_t user_to, size_t n);
ssize_t object_write(struct object *object, uint64_t pos, vaddr_t user_from, size_t n);
ssize_t object_read_kernel(struct object *object, uint64_t pos, void *to, size_t n);
ssize_t object_write_kernel(struct object *object, uint64_t pos, const void *from, size_t n);
