/* SPDX-License-Identifier: MIT */
/* System calls on file systems: mount, umount2, statfs. */
#include "abi/limits.h"
#include "abi/mount.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/process/cred.h"
#include "linux/sys/at_path.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "trap/arg_file.h"

/* Mounts cannot be bound, moved, or propagated. */
#define MS_OTHER_ACTIONS (MS_BIND | MS_MOVE | MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED)

/* The strings of mount(2): each NULL or from kmalloc(). */
struct mount_strings {
	char *source, *type, *options;
};

/* Copies a string of at most PATH_MAX - 1 bytes; a NULL stays NULL. */
static int mount_copy_string(vaddr_t user, char **string_ret)
{
	char *string;
	ssize_t len;

	if (user == 0)
		return 0;
	string = mem_wait_kmalloc(PATH_MAX);
	if (!string)
		return -ENOMEM;
	len = user_copy_string(string, user, PATH_MAX);
	if (len < 0) {
		kfree(string);
		return len == -ENAMETOOLONG ? -EINVAL : (int)len;
	}
	*string_ret = string;
	return 0;
}

/*
 * As on Linux, the options are at most a page, of which what cannot be read is zeros; a longer
 * string is cut.
 */
static int copy_options(vaddr_t user, char **options_ret)
{
	size_t done, first = PAGE_SIZE - (user & (PAGE_SIZE - 1));
	char *options;

	if (user == 0)
		return 0;
	options = mem_wait_kzalloc(PAGE_SIZE);
	if (!options)
		return -ENOMEM;
	done = user_copy_in_some(options, user, first);
	if (done == first)
		done += user_copy_in_some(options + first, user + first, PAGE_SIZE - first);
	if (done == 0) {
		kfree(options);
		return -EFAULT;
	}
	options[PAGE_SIZE - 1] = '\0';
	*options_ret = options;
	return 0;
}

static void put_strings(struct mount_strings *strings)
{
	kfree(strings->source);
	kfree(strings->type);
	kfree(strings->options);
}

static int mount_copy_strings(const struct trap_frame *frame, struct mount_strings *strings)
{
	int err = mount_copy_string(arg_user(frame, 2), &strings->type);

	if (err == 0)
		err = mount_copy_string(arg_user(frame, 0), &strings->source);
	if (err == 0)
		err = copy_options(arg_user(frame, 4), &strings->options);
	return err;
}

static long mount_at(const struct at_path *at, unsigned flags, const struct mount_strings *strings)
{
	const char *options = strings->options ?: "";
	const char *source = strings->source ?: "none";

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	/*
	 * With MS_BIND, Linux changes the mount and not the file system, and does not look at
	 * options.
	 */
	if (flags & MS_REMOUNT)
		return fs_remount(at->dir, at->path, flags, flags & MS_BIND ? "" : options);
	if (flags & MS_OTHER_ACTIONS && capable(CAP_SYS_ADMIN))
		return -EINVAL;
	return fs_mount(strings->type, source, at->dir, at->path, flags, options);
}

long sys_mount(struct trap_frame *frame)
{
	struct mount_strings strings = { 0 };
	struct at_path at;
	long err = mount_copy_strings(frame, &strings);

	if (err == 0)
		err = cwd_path_get(frame, 1, &at);
	if (err == 0) {
		err = mount_at(&at, arg_uint(frame, 3), &strings);
		at_path_put(&at);
	}
	put_strings(&strings);
	return err;
}

static int find_directory(const struct trap_frame *frame, unsigned n)
{
	struct at_path at;
	int err = (int)cwd_path_get(frame, n, &at);

	if (err)
		return err;
	err = fs_find_directory(at.dir, at.path);
	at_path_put(&at);
	return err;
}

/* The root of the tree stays, as on Linux one that is in memory does. */
long sys_pivot_root(struct trap_frame *frame)
{
	int err = capable(CAP_SYS_ADMIN) ? find_directory(frame, 0) : -EPERM;

	return err ?: find_directory(frame, 1) ?: -EINVAL;
}

long sys_umount2(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	struct at_path at;
	long err = fs_umount_check_flags(flags);

	if (err == 0)
		err = cwd_path_get(frame, 0, &at);
	if (err)
		return err;
	err = fs_umount(at.dir, at.path, flags);
	at_path_put(&at);
	return err;
}

static long put_statfs(vaddr_t user, long err, const struct abi_statfs *st)
{
	return err ? err : user_copy_out(user, st, sizeof(*st));
}

long sys_statfs(struct trap_frame *frame)
{
	struct abi_statfs st;
	struct at_path at;
	long err = cwd_path_get(frame, 0, &at);

	if (err)
		return err;
	err = fs_statfs(at.dir, at.path, &st);
	at_path_put(&at);
	return put_statfs(arg_user(frame, 1), err, &st);
}

long sys_fstatfs(struct trap_frame *frame)
{
	struct file *file = arg_file_any(frame, 0);
	struct abi_statfs st;

	if (!file)
		return -EBADF;
	fs_statfs_file(file, &st);
	file_put(file);
	return put_statfs(arg_user(frame, 1), 0, &st);
}
