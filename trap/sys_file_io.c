/* SPDX-License-Identifier: MIT */
/* read, write, pread64, pwrite64, lseek. */
#include "trap/sys_file.h"

static bool file_has_position(const struct file *file)
{
	return file->ops->seek != NULL;
}

/* As on Linux a transfer that would go beyond the last position there is does nothing. */
static ssize_t io_from(struct file *file, struct user_iter *iter, uint64_t *pos,
		       ssize_t (*io)(struct file *, struct user_iter *, uint64_t *))
{
	return iter->left <= INT64_MAX - *pos ? io(file, iter, pos) : -EINVAL;
}

/*
 * Only files that have a position take turns: who waits for input at a pipe or terminal must keep
 * nobody from writing to the same open file.
 */
ssize_t file_io_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	ssize_t done;

	if (!file_has_position(file))
		return file->ops->read(file, to, pos);
	if (pos)
		return io_from(file, to, pos, file->ops->read);
	mutex_lock(&file->lock);
	done = io_from(file, to, &file->pos, file->ops->read);
	mutex_unlock(&file->lock);
	return done;
}

ssize_t file_io_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	ssize_t done;

	if (!file_has_position(file))
		return file->ops->write(file, from, pos);
	if (pos)
		return io_from(file, from, pos, file->ops->write);
	mutex_lock(&file->lock);
	done = io_from(file, from, &file->pos, file->ops->write);
	mutex_unlock(&file->lock);
	return done;
}

static long read_one(struct file *file, vaddr_t to, size_t n, uint64_t *pos)
{
	struct user_iter iter;

	if (!file_readable(file))
		return -EBADF;
	if (!file->ops->read)
		return -EINVAL;
	if (check_user_range(to, n) != 0)
		return -EFAULT;
	iter = user_iter_one(to, MIN(n, ABI_RW_MAX));
	return file_io_read(file, &iter, pos);
}

static long write_one(struct file *file, vaddr_t from, size_t n, uint64_t *pos)
{
	struct user_iter iter;

	if (!file_writable(file))
		return -EBADF;
	if (!file->ops->write)
		return -EINVAL;
	if (check_user_range(from, n) != 0)
		return -EFAULT;
	if (n == 0)
		return 0;
	iter = user_iter_one(from, MIN(n, ABI_RW_MAX));
	return file_io_write(file, &iter, pos);
}

long sys_read(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	done = read_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file_put(file);
	return done;
}

long sys_write(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	done = write_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file_put(file);
	return done;
}

static long io_at(struct trap_frame *frame, long (*io)(struct file *, vaddr_t, size_t, uint64_t *))
{
	uint64_t pos = arg_u64(frame, 3);
	struct file *file;
	long done = -ESPIPE;

	if (pos > INT64_MAX)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	if (file_has_position(file))
		done = io(file, arg_user(frame, 1), arg_u64(frame, 2), &pos);
	file_put(file);
	return done;
}

long sys_pread64(struct trap_frame *frame)
{
	return io_at(frame, read_one);
}

long sys_pwrite64(struct trap_frame *frame)
{
	return io_at(frame, write_one);
}

static long seek(struct file *file, int64_t offset, unsigned whence)
{
	int64_t pos;

	if (whence > SEEK_HOLE)
		return -EINVAL;
	if (!file_has_position(file))
		return -ESPIPE;
	mutex_lock(&file->lock);
	pos = file->ops->seek(file, offset, (int)whence);
	mutex_unlock(&file->lock);
	return pos;
}

long sys_lseek(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long pos;

	if (!file)
		return -EBADF;
	pos = seek(file, arg_i64(frame, 1), arg_uint(frame, 2));
	file_put(file);
	return pos;
}
