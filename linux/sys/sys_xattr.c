/* SPDX-License-Identifier: MIT */
/* System calls on extended attributes, each of them by path, by path without following a link, and by descriptor. */
#include "abi/xattr.h"
#include "lib/bits.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/xattr.h"
#include "linux/sys/at_path.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "trap/arg_file.h"

/* What a call does to the inode that it names; NULL: an open file without one. */
typedef long (*xattr_call)(const struct trap_frame *frame, struct inode *inode);

/* The path is in argument 0. */
static long at_path(const struct trap_frame *frame, bool follow, xattr_call call)
{
	struct inode *inode;
	struct at_path at;
	long done = cwd_path_get(frame, 0, &at);

	if (done)
		return done;
	done = path_lookup(path_start(at.dir), at.path, follow, &inode);
	at_path_put(&at);
	if (done)
		return done;
	done = call(frame, inode);
	path_put(inode);
	return done;
}

static long of_file(const struct trap_frame *frame, xattr_call call)
{
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	done = call(frame, file->ops->has_inode ? file_inode(file) : NULL);
	file_put(file);
	return done;
}

/* Returns 0, -EFAULT, or -ERANGE for a name that is empty or too long. */
static long arg_name(const struct trap_frame *frame, char name[XATTR_NAME_MAX + 1])
{
	ssize_t len = user_copy_string(name, arg_user(frame, 1), XATTR_NAME_MAX + 1);

	if (len == -ENAMETOOLONG || len == 0)
		return -ERANGE;
	return len < 0 ? len : 0;
}

static long get_xattr(const struct trap_frame *frame, struct inode *inode)
{
	char name[XATTR_NAME_MAX + 1];
	long err = arg_name(frame, name);

	return err
		       ?: xattr_get(inode, name, arg_user(frame, 2),
				    MIN(arg_u64(frame, 3), (uint64_t)XATTR_SIZE_MAX));
}

static long list_xattr(const struct trap_frame *frame, struct inode *inode)
{
	return xattr_list(inode, arg_user(frame, 1),
			  MIN(arg_u64(frame, 2), (uint64_t)XATTR_LIST_MAX));
}

/* The value is in arguments 2 and 3. Returns 0, -E2BIG, -EFAULT or -ENOMEM. */
static long arg_value(const struct trap_frame *frame, void **value_ret)
{
	uint64_t size = arg_u64(frame, 3);
	void *value;

	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	value = mem_wait_kmalloc(MAX(size, (uint64_t)1));
	if (!value)
		return -ENOMEM;
	if (size != 0 && user_copy_in(value, arg_user(frame, 2), size)) {
		kfree(value);
		return -EFAULT;
	}
	*value_ret = value;
	return 0;
}

static long set_value(const struct trap_frame *frame, struct inode *inode)
{
	unsigned flags = arg_uint(frame, 4);
	char name[XATTR_NAME_MAX + 1];
	void *value;
	long err;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = arg_name(frame, name);
	if (err == 0)
		err = arg_value(frame, &value);
	if (err)
		return err;
	err = xattr_set(inode, name, value, arg_u64(frame, 3), flags);
	kfree(value);
	return err;
}

static long remove_value(const struct trap_frame *frame, struct inode *inode)
{
	char name[XATTR_NAME_MAX + 1];
	long err = arg_name(frame, name);

	return err ?: xattr_remove(inode, name);
}

/* Makes a change, on a mount that stays writable meanwhile. */
static long change_xattr(const struct trap_frame *frame, struct inode *inode, xattr_call call)
{
	struct mount *mount = inode ? inode->mount : NULL;
	long err = mount ? mount_begin_write(mount) : 0;

	if (err)
		return err;
	err = call(frame, inode);
	if (mount)
		mount_end_write(mount);
	return err;
}

static long set_xattr(const struct trap_frame *frame, struct inode *inode)
{
	return change_xattr(frame, inode, set_value);
}

static long drop_xattr(const struct trap_frame *frame, struct inode *inode)
{
	return change_xattr(frame, inode, remove_value);
}

/* As on Linux, by a path these calls look at the name, the flags and the size first. */
static long look_at_name(const struct trap_frame *frame)
{
	char name[XATTR_NAME_MAX + 1];

	return arg_name(frame, name);
}

static long look_at_set(const struct trap_frame *frame)
{
	long err = arg_uint(frame, 4) & ~(XATTR_CREATE | XATTR_REPLACE) ? -EINVAL : 0;

	err = err ?: look_at_name(frame);
	if (err)
		return err;
	return arg_u64(frame, 3) > XATTR_SIZE_MAX ? -E2BIG : 0;
}

long sys_setxattr(struct trap_frame *frame)
{
	return look_at_set(frame) ?: at_path(frame, true, set_xattr);
}

long sys_lsetxattr(struct trap_frame *frame)
{
	return look_at_set(frame) ?: at_path(frame, false, set_xattr);
}

long sys_fsetxattr(struct trap_frame *frame)
{
	return of_file(frame, set_xattr);
}

long sys_getxattr(struct trap_frame *frame)
{
	return at_path(frame, true, get_xattr);
}

long sys_lgetxattr(struct trap_frame *frame)
{
	return at_path(frame, false, get_xattr);
}

long sys_fgetxattr(struct trap_frame *frame)
{
	return of_file(frame, get_xattr);
}

long sys_listxattr(struct trap_frame *frame)
{
	return at_path(frame, true, list_xattr);
}

long sys_llistxattr(struct trap_frame *frame)
{
	return at_path(frame, false, list_xattr);
}

long sys_flistxattr(struct trap_frame *frame)
{
	return of_file(frame, list_xattr);
}

long sys_removexattr(struct trap_frame *frame)
{
	return look_at_name(frame) ?: at_path(frame, true, drop_xattr);
}

long sys_lremovexattr(struct trap_frame *frame)
{
	return look_at_name(frame) ?: at_path(frame, false, drop_xattr);
}

long sys_fremovexattr(struct trap_frame *frame)
{
	return of_file(frame, drop_xattr);
}
