/* SPDX-License-Identifier: MIT */
/* Calls about the room that a file's bytes take, and about writing them back: fallocate, fsync, fdatasync. */
#include "trap/sys_file.h"

/* Why a file that is not regular has no room to be had. */
static long not_regular(struct file *file)
{
	struct abi_stat st = { 0 };
	long err = file->ops->stat ? file->ops->stat(file, &st) : 0;

	if (err)
		return err;
	return S_ISFIFO(st.mode) ? -ESPIPE : -ENODEV;
}

/* Modes that some file system of Linux has: it refuses the others before it looks at the file. */
static bool is_mode(unsigned mode)
{
	bool keeps = mode & FALLOC_FL_KEEP_SIZE;

	switch (mode & ~(unsigned)FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_UNSHARE_RANGE:
	case FALLOC_FL_ZERO_RANGE:
		return true;
	case FALLOC_FL_PUNCH_HOLE:
		return keeps;
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_INSERT_RANGE:
		return !keeps;
	default:
		return false;
	}
}

static long allocate(struct file *file, unsigned mode, int64_t offset, int64_t len)
{
	int64_t end;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	if (!is_mode(mode))
		return -EOPNOTSUPP;
	if (!file_writable(file))
		return -EBADF;
	if (!file->ops->allocate)
		return not_regular(file);
	if (__builtin_add_overflow(offset, len, &end))
		return -EFBIG;
	if (mode & ~(unsigned)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	return file->ops->allocate(file, mode, (uint64_t)offset, (uint64_t)end);
}

long sys_fallocate(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long err;

	if (!file)
		return -EBADF;
	err = allocate(file, arg_uint(frame, 1), arg_i64(frame, 2), arg_i64(frame, 3));
	file_put(file);
	return err;
}

/* What is in memory is where it belongs: files and directories say so, nothing else has such a place. */
static bool has_place(const struct file *file)
{
	return file->ops->object || file->ops->getdents;
}

long sys_fsync(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long err;

	if (!file)
		return -EBADF;
	err = has_place(file) ? 0 : -EINVAL;
	file_put(file);
	return err;
}

long sys_fdatasync(struct trap_frame *frame)
{
	return sys_fsync(frame);
}
