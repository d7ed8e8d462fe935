/* SPDX-License-Identifier: MIT */
/* System calls that change a file's attributes: chmod, chown, utimensat, truncate. */
#include "abi/stat.h"
#include "abi/time.h"
#include "base/clock.h"
#include "linux/fs/vfs/attr.h"
#include "linux/sys/at_path.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "trap/arg_file.h"

static struct inode_attr arg_mode(const struct trap_frame *frame, unsigned n)
{
	return (struct inode_attr){ .valid = ATTR_MODE, .mode = arg_uint(frame, n) & S_IALLUGO };
}

/* Arguments n and n + 1. An id of -1 stays as it is. */
static struct inode_attr arg_owner(const struct trap_frame *frame, unsigned n)
{
	uint32_t uid = arg_uint(frame, n), gid = arg_uint(frame, n + 1);
	unsigned valid = ATTR_DROP_SET_ID | (uid != UINT32_MAX ? ATTR_UID : 0) |
			 (gid != UINT32_MAX ? ATTR_GID : 0);

	return (struct inode_attr){ .valid = valid, .uid = uid, .gid = gid };
}

/* Changes the file of the descriptor in argument 0. */
static long set_of_file(const struct trap_frame *frame, struct inode_attr attr)
{
	struct file *file = arg_file(frame, 0);
	long err;

	if (!file)
		return -EBADF;
	err = fs_set_attr_file(file, &attr);
	file_put(file);
	return err;
}

/* Changes what the path in arguments 0 and 1 names, or with AT_EMPTY_PATH the descriptor. */
static long set_at(const struct trap_frame *frame, unsigned flags, struct inode_attr attr)
{
	struct at_path at;
	long err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = at_path_get(frame, 0, flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_NAMES, &at);
	if (err)
		return err;
	if (at.path[0] == '\0')
		err = fs_set_attr_file(at.dir, &attr);
	else
		err = fs_set_attr(at.dir, at.path, !(flags & AT_SYMLINK_NOFOLLOW), &attr);
	at_path_put(&at);
	return err;
}

long sys_fchmod(struct trap_frame *frame)
{
	return set_of_file(frame, arg_mode(frame, 1));
}

long sys_fchmodat(struct trap_frame *frame)
{
	return set_at(frame, 0, arg_mode(frame, 2));
}

long sys_fchmodat2(struct trap_frame *frame)
{
	return set_at(frame, arg_uint(frame, 3), arg_mode(frame, 2));
}

long sys_fchown(struct trap_frame *frame)
{
	return set_of_file(frame, arg_owner(frame, 1));
}

long sys_fchownat(struct trap_frame *frame)
{
	return set_at(frame, arg_uint(frame, 4), arg_owner(frame, 2));
}

/*
 * Converts one of utimensat's times. What 64 bits of nanoseconds since 1970 cannot say becomes the
 * nearest that they can.
 */
static int time_of(const struct abi_timespec *time, uint64_t now, uint64_t *ns_ret)
{
	uint64_t ns;

	if (time->nsec == UTIME_NOW) {
		*ns_ret = now;
		return 0;
	}
	if (time->nsec < 0 || time->nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	if (time->sec < 0)
		ns = 0;
	else if (__builtin_mul_overflow((uint64_t)time->sec, NSEC_PER_SEC, &ns) ||
		 __builtin_add_overflow(ns, (uint64_t)time->nsec, &ns))
		ns = UINT64_MAX;
	*ns_ret = ns;
	return 0;
}

/* Reads the two times; NULL is now. Sets attr->valid to 0 if neither is to change. */
static long read_times(vaddr_t user, struct inode_attr *attr)
{
	struct abi_timespec times[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	uint64_t now = clock_wall_ns();

	if (user != 0 && user_copy_in(times, user, sizeof(times)) != 0)
		return -EFAULT;
	attr->valid = (times[0].nsec != UTIME_OMIT ? ATTR_ATIME : 0) |
		      (times[1].nsec != UTIME_OMIT ? ATTR_MTIME : 0);
	if (times[0].nsec == UTIME_NOW && times[1].nsec == UTIME_NOW)
		attr->valid |= ATTR_TOUCH;
	if (((attr->valid & ATTR_ATIME) && time_of(&times[0], now, &attr->atime) != 0) ||
	    ((attr->valid & ATTR_MTIME) && time_of(&times[1], now, &attr->mtime) != 0))
		attr->valid |= ATTR_WRONG_TIME;
	return 0;
}

long sys_utimensat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 3);
	struct inode_attr attr = { 0 };
	long err = read_times(arg_user(frame, 2), &attr);

	if (err || attr.valid == 0)
		return err;
	if (arg_user(frame, 1) == 0 && arg_int(frame, 0) != AT_FDCWD)
		return flags ? -EINVAL : set_of_file(frame, attr);
	return set_at(frame, flags, attr);
}

long sys_truncate(struct trap_frame *frame)
{
	int64_t size = arg_i64(frame, 1);
	struct at_path at;
	long err;

	if (size < 0)
		return -EINVAL;
	err = cwd_path_get(frame, 0, &at);
	if (err)
		return err;
	err = fs_truncate(at.dir, at.path, (uint64_t)size);
	at_path_put(&at);
	return err;
}
