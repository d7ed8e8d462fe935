/* SPDX-License-Identifier: MIT */
/* Calls about names: unlinkat, linkat, mkdirat, mknodat, readlinkat, chdir, getcwd. */
#include "abi/limits.h"
#include "abi/stat.h"
#include "fs/namei.h"
#include "fs/open.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/user_copy.h"
#include "proc/exe.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "trap/sys_file.h"

#define SHORT_PATH 256u /* what getcwd tries on its stack first */

long sys_unlinkat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);
	struct at_path at;
	long err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	err = at_path_get(frame, 0, PATH_NAMES, &at);
	if (err)
		return err;
	err = flags & AT_REMOVEDIR ? fs_rmdir(at.dir, at.path) : fs_unlink(at.dir, at.path);
	at_path_put(&at);
	return err;
}

/* `err` is wrong with the new name: what is wrong with the old one is told before. */
static long link_refusal(const struct at_path *from, unsigned flags, long err)
{
	struct abi_stat st;
	int first = 0;

	if (from->path[0] != '\0')
		first = fs_stat(from->dir, from->path, (flags & AT_SYMLINK_FOLLOW) != 0, &st);
	return first ? first : err;
}

long sys_linkat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 4);
	struct at_path from, to;
	long err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = at_path_get(frame, 0, flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_NAMES, &from);
	if (err)
		return err;
	err = at_path_get(frame, 2, PATH_NAMES, &to);
	if (err) {
		err = link_refusal(&from, flags, err);
		goto put_from;
	}
	if (from.path[0] == '\0')
		err = fs_link_file(from.dir, to.dir, to.path);
	else
		err = fs_link(from.dir, from.path, (flags & AT_SYMLINK_FOLLOW) != 0, to.dir,
			      to.path);
	at_path_put(&to);
put_from:
	at_path_put(&from);
	return err;
}

/* mkdirat and mknodat: both make a name, with a mode less the umask. */
static long make_at(struct trap_frame *frame, int (*make)(struct file *, const char *, unsigned))
{
	struct at_path at;
	long err = at_path_get(frame, 0, PATH_NAMES, &at);

	if (err)
		return err;
	err = make(at.dir, at.path, arg_uint(frame, 2) & ~current_process()->umask);
	at_path_put(&at);
	return err;
}

long sys_mkdirat(struct trap_frame *frame)
{
	return make_at(frame, fs_mkdir);
}

long sys_mknodat(struct trap_frame *frame)
{
	return make_at(frame, fs_mknod);
}

/* The target into at->path, which is not needed once it has been followed: its length. */
static ssize_t read_link(struct at_path *at)
{
	struct exe *exe = current_process()->exe;

	if (at->path[0] == '\0')
		return fs_readlink_file(at->dir, at->path, PATH_MAX);
	/* All of /proc that there is. */
	if (exe && strcmp(at->path, "/proc/self/exe") == 0)
		return (ssize_t)MIN(str_copy(at->path, exe->path, PATH_MAX), PATH_MAX - 1ul);
	return fs_readlink(at->dir, at->path, at->path, PATH_MAX);
}

long sys_readlinkat(struct trap_frame *frame)
{
	int size = arg_int(frame, 3);
	struct at_path at;
	long len;

	if (size <= 0)
		return -EINVAL;
	len = at_path_get(frame, 0, PATH_MAY_BE_EMPTY, &at);
	if (len)
		return len;
	len = read_link(&at);
	if (len >= 0) {
		len = MIN(len, (long)size);
		if (user_copy_out(arg_user(frame, 2), at.path, (size_t)len) != 0)
			len = -EFAULT;
	}
	at_path_put(&at);
	return len;
}

long sys_chdir(struct trap_frame *frame)
{
	struct process *process = current_process();
	struct file *dir, *before;
	struct at_path at;
	long err = cwd_path_get(frame, 0, &at);

	if (err)
		return err;
	err = fs_open(at.dir, at.path, O_RDONLY | O_DIRECTORY, 0, &dir);
	at_path_put(&at);
	if (err)
		return err;
	before = process->cwd;
	process->cwd = dir;
	file_put(before);
	return 0;
}

static long getcwd_to(vaddr_t user, size_t size, char *buf, size_t buf_size)
{
	ssize_t len = fs_getcwd(current_process()->cwd, buf, buf_size);

	if (len < 0)
		return len;
	/* Which no path is short enough for; -ERANGE itself means that buf was too small. */
	if ((size_t)len > size)
		return -EOVERFLOW;
	return user_copy_out(user, buf, (size_t)len) != 0 ? -EFAULT : len;
}

long sys_getcwd(struct trap_frame *frame)
{
	vaddr_t user = arg_user(frame, 0);
	uint64_t size = arg_u64(frame, 1);
	char few[SHORT_PATH];
	long len = getcwd_to(user, size, few, sizeof(few));
	char *path;

	if (len == -ERANGE) {
		path = mem_wait_kmalloc(PATH_MAX);
		if (!path)
			return -ENOMEM;
		len = getcwd_to(user, size, path, PATH_MAX);
		kfree(path);
		if (len == -ERANGE)
			return -ENAMETOOLONG;
	}
	return len == -EOVERFLOW ? -ERANGE : len;
}
