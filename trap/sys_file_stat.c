/* SPDX-License-Identifier: MIT */
/* Calls that tell about files or change their size: fstat, newfstatat, faccessat, getdents64, ftruncate. */
#include "fs/namei.h"
#include "mm/user_copy.h"
#include "trap/sys_file.h"

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)

static long stat_file(struct file *file, struct abi_stat *st)
{
	return file->ops->stat ? file->ops->stat(file, st) : -EINVAL;
}

static long put_stat(vaddr_t user, long err, const struct abi_stat *st)
{
	return err ? err : user_copy_out(user, st, sizeof(*st));
}

long sys_fstat(struct trap_frame *frame)
{
	struct file *file = arg_file_path(frame, 0);
	struct abi_stat st;
	long err;

	if (!file)
		return -EBADF;
	err = stat_file(file, &st);
	file_put(file);
	return put_stat(arg_user(frame, 1), err, &st);
}

long sys_newfstatat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 3);
	struct abi_stat st;
	struct at_path at;
	long err;

	if (flags & ~STAT_FLAGS)
		return -EINVAL;
	err = at_path_get(frame, 0, flags & AT_EMPTY_PATH ? PATH_MAY_BE_NULL : PATH_NAMES, &at);
	if (err)
		return err;
	if (at.path[0] == '\0')
		err = stat_file(at.dir, &st);
	else
		err = fs_stat(at.dir, at.path, !(flags & AT_SYMLINK_NOFOLLOW), &st);
	at_path_put(&at);
	return put_stat(arg_user(frame, 2), err, &st);
}

/* Root may read and write all, and run what somebody may: of directories all can be entered. */
static bool may_access(const struct abi_stat *st, unsigned mode)
{
	return !(mode & X_OK) || S_ISDIR(st->mode) || (st->mode & 0111);
}

long sys_faccessat(struct trap_frame *frame)
{
	unsigned mode = arg_uint(frame, 2);
	struct abi_stat st;
	struct at_path at;
	long err;

	if (mode & ~(unsigned)(R_OK | W_OK | X_OK))
		return -EINVAL;
	err = at_path_get(frame, 0, PATH_NAMES, &at);
	if (err)
		return err;
	err = fs_stat(at.dir, at.path, true, &st);
	at_path_put(&at);
	if (err)
		return err;
	return may_access(&st, mode) ? 0 : -EACCES;
}

static long getdents(struct file *file, vaddr_t to, int n)
{
	long done;

	if (!file->ops->getdents)
		return -ENOTDIR;
	mutex_lock(&file->lock);
	done = file->ops->getdents(file, to, n > 0 ? (size_t)n : 0);
	mutex_unlock(&file->lock);
	return done;
}

long sys_getdents64(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	done = getdents(file, arg_user(frame, 1), arg_int(frame, 2));
	file_put(file);
	return done;
}

long sys_ftruncate(struct trap_frame *frame)
{
	int64_t size = arg_i64(frame, 1);
	struct file *file;
	long err = -EINVAL;

	if (size < 0)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	if (file_writable(file) && file->ops->truncate)
		err = file->ops->truncate(file, (uint64_t)size);
	file_put(file);
	return err;
}
