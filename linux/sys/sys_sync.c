/* SPDX-License-Identifier: MIT */
/* System calls that bring what was written where it belongs, and that tell and advise how a file is cached. */
#include "abi/cachestat.h"
#include "abi/fadvise.h"
#include "linux/fs/vfs/inode.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/permission.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "linux/mem/object_holes.h"
#include "trap/arg_file.h"

/* Files and directories in memory need no syncing. Files that have no contents give -EINVAL. */
static bool has_place(const struct file *file)
{
	return file->ops->object || file->ops->getdents;
}

static long fsync_file(struct trap_frame *frame, bool data_only)
{
	struct file *file = arg_file(frame, 0);
	long err;

	if (!file)
		return -EBADF;
	if (file->ops->fsync)
		err = file->ops->fsync(file, data_only);
	else
		err = has_place(file) ? 0 : -EINVAL;
	file_put(file);
	return err;
}

long sys_fsync(struct trap_frame *frame)
{
	return fsync_file(frame, false);
}

long sys_sync(struct trap_frame *frame)
{
	(void)frame;
	mount_sync_all(UINT64_MAX);
	return 0;
}

long sys_fdatasync(struct trap_frame *frame)
{
	return fsync_file(frame, true);
}

/* Syncs the file system of the file. Those without an inode have none that keeps anything. */
static long syncfs(struct trap_frame *frame, struct file *file)
{
	struct mount *mount = file->ops->has_inode ? file_inode(file)->mount : NULL;

	(void)frame;
	if (mount && mount->type->sync)
		mount->type->sync(mount, UINT64_MAX);
	return 0;
}

long sys_syncfs(struct trap_frame *frame)
{
	return with_file(frame, syncfs);
}

static uint32_t type_of(struct file *file)
{
	struct abi_stat st = { 0 };

	return file->ops->stat && file->ops->stat(file, &st) == 0 ? st.mode & S_IFMT : 0;
}

/* The whole file is written, whatever the range: more than asked for is allowed. */
static long sync_file_range(struct trap_frame *frame, struct file *file)
{
	int64_t offset = arg_i64(frame, 1), n = arg_i64(frame, 2), end;
	unsigned flags = arg_uint(frame, 3);
	uint32_t type;

	if ((flags & ~SYNC_FILE_RANGE_VALID) || offset < 0 ||
	    __builtin_add_overflow(offset, n, &end) || end < offset)
		return -EINVAL;
	type = type_of(file);
	if (type != S_IFREG && type != S_IFBLK && type != S_IFDIR && type != S_IFLNK)
		return -ESPIPE;
	return flags != 0 && file->ops->fsync ? file->ops->fsync(file, true) : 0;
}

long sys_sync_file_range(struct trap_frame *frame)
{
	return with_file(frame, sync_file_range);
}

/* Read-ahead finds out by itself how a file is used, and clean pages go when memory is needed. */
static long fadvise64(struct trap_frame *frame, struct file *file)
{
	if (type_of(file) == S_IFIFO)
		return -ESPIPE;
	return arg_i64(frame, 2) < 0 || arg_uint(frame, 3) > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

long sys_fadvise64(struct trap_frame *frame)
{
	return with_file(frame, fadvise64);
}

static long readahead(struct trap_frame *frame, struct file *file)
{
	(void)frame;
	if (!file_readable(file))
		return -EBADF;
	return type_of(file) == S_IFREG ? 0 : -EINVAL;
}

long sys_readahead(struct trap_frame *frame)
{
	return with_file(frame, readahead);
}

static bool may_know_cached(struct file *file)
{
	return file_writable(file) || !file->ops->has_inode ||
	       inode_may_know_cached(file_inode(file));
}

static long cachestat(struct trap_frame *frame, struct file *file)
{
	struct object *object = file->ops->object ? file->ops->object(file) : NULL;
	struct object_cached cached = { 0 };
	struct abi_cachestat_range range;
	struct abi_cachestat stat;
	uint64_t last;
	int err = 0;

	if (user_copy_in(&range, arg_user(frame, 1), sizeof(range)))
		return -EFAULT;
	if (!may_know_cached(file))
		return -EPERM;
	if (arg_uint(frame, 3) != 0)
		return -EINVAL;
	last = range.len ? (range.off + range.len - 1) >> PAGE_SHIFT : UINT64_MAX;
	if (object)
		err = object_count_cached(object, range.off >> PAGE_SHIFT, last, &cached);
	if (err)
		return err;
	stat = (struct abi_cachestat){
		.cache = cached.cached,
		.dirty = cached.dirty,
		.writeback = cached.writing,
		.evicted = cached.evicted,
		.recently_evicted = cached.recent,
	};
	return user_copy_out(arg_user(frame, 2), &stat, sizeof(stat)) ? -EFAULT : 0;
}

long sys_cachestat(struct trap_frame *frame)
{
	return with_file(frame, cachestat);
}
