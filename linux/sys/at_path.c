/* SPDX-License-Identifier: MIT */
/* Gets the paths of system calls. */
#include "linux/sys/at_path.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "desc/fdtable.h"
#include "linux/fs/vfs/process_fs.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "trap/args.h"

static int copy_path(vaddr_t user, enum path_may_be may_be, char **path_ret)
{
	char *path = mem_wait_kmalloc(PATH_MAX);
	ssize_t len = 0;

	if (!path)
		return -ENOMEM;
	path[0] = '\0';
	if (user != 0 || may_be != PATH_MAY_BE_NULL)
		len = user_copy_string(path, user, PATH_MAX);
	if (len == 0 && may_be == PATH_NAMES)
		len = -ENOENT;
	if (len < 0) {
		kfree(path);
		return (int)len;
	}
	*path_ret = path;
	return 0;
}

int arg_path(const struct trap_frame *frame, unsigned n, char **path_ret)
{
	return copy_path(arg_user(frame, n), PATH_NAMES, path_ret);
}

/* Finds the directory where a relative path starts. */
static int get_dir(int fd, struct file **dir_ret)
{
	struct file *dir = fd == AT_FDCWD ? process_cwd()
					  : fdtable_get_any(current_thread()->fdtable, fd);

	if (!dir)
		return -EBADF;
	*dir_ret = dir;
	return 0;
}

int at_path_get_from(int fd, vaddr_t user, enum path_may_be may_be, struct at_path *at)
{
	int err = copy_path(user, may_be, &at->path);

	if (err)
		return err;
	at->dir = NULL;
	if (at->path[0] != '/')
		err = get_dir(fd, &at->dir);
	if (err)
		kfree(at->path);
	return err;
}

int at_path_need_dir(int fd, struct at_path *at)
{
	return at->dir ? 0 : get_dir(fd, &at->dir);
}

int at_path_get(const struct trap_frame *frame, unsigned n, enum path_may_be may_be,
		struct at_path *at)
{
	return at_path_get_from(arg_int(frame, n), arg_user(frame, n + 1), may_be, at);
}

int cwd_path_get(const struct trap_frame *frame, unsigned n, struct at_path *at)
{
	return at_path_get_from(AT_FDCWD, arg_user(frame, n), PATH_NAMES, at);
}

void at_path_put(struct at_path *at)
{
	if (at->dir)
		file_put(at->dir);
	kfree(at->path);
}
