/* SPDX-License-Identifier: MIT */
/* What read and write have in common in each kernel: checks, and whose position a transfer uses. */
#pragma once

#include "trap/arg_file.h"

/* A read or write slot of struct file_ops. */
typedef ssize_t (*file_slot)(struct file *file, struct user_iter *iter, uint64_t *pos);

/* As on Linux, a transfer that would pass the largest position fails and moves nothing. */
static inline ssize_t file_transfer_from(struct file *file, struct user_iter *iter, uint64_t *pos,
					 file_slot io)
{
	if (likely(iter->left <= INT64_MAX - *pos) || file->ops->any_position)
		return io(file, iter, pos);
	return -EINVAL;
}

/*
 * Transfers at *pos, or if that is NULL at the position of the file. Only files with a position take the lock: a thread that waits
 * for input from a pipe or terminal must not block a writer on the same open file.
 */
static inline ssize_t file_transfer(struct file *file, struct user_iter *iter, uint64_t *pos,
				    file_slot io)
{
	ssize_t done;

	if (!file_has_position(file))
		return io(file, iter, pos);
	if (pos)
		return file_transfer_from(file, iter, pos, io);
	done = mutex_lock_killable(&file->lock);
	if (unlikely(done != 0))
		return done;
	done = file_transfer_from(file, iter, &file->pos, io);
	mutex_unlock(&file->lock);
	return done;
}

/* May the file, which has not FILE_NO_ACCESS, be read to that range of user memory? 0, -EBADF, -EINVAL or -EFAULT. */
static inline int file_check_read(const struct file *file, vaddr_t to, size_t n)
{
	if (!file_flags_read(file->flags))
		return -EBADF;
	return file->ops->read ? check_user_range(to, n) : -EINVAL;
}

static inline int file_check_write(const struct file *file, vaddr_t from, size_t n)
{
	if (!file_flags_write(file->flags))
		return -EBADF;
	return file->ops->write ? check_user_range(from, n) : -EINVAL;
}

/* Is a position no error? */
static inline bool file_takes_position(const struct file *file)
{
	return file_has_position(file) || file->ops->pread_is_read;
}

/* pread64 or pwrite64: `io` transfers at that position. */
typedef long (*file_io)(struct file *file, vaddr_t at, size_t n, uint64_t *pos);
long file_io_at(const struct trap_frame *frame, file_io io);
