/* SPDX-License-Identifier: MIT */
/* Creates, copies and frees a process's descriptors, working directory and umask. */
#include "fs/process_fs.h"

#include "abi/errno.h"
#include "fs/fdtable.h"
#include "fs/mount.h"
#include "fs/open.h"
#include "proc/pid.h"

#define FIRST_UMASK 022

static int create(struct process *process)
{
	process->umask = FIRST_UMASK;
	process->fdtable = fdtable_create();
	process->cwd = fs_open_root();
	return process->fdtable && process->cwd ? 0 : -ENOMEM;
}

static int copy(struct process *child, struct process *parent)
{
	child->umask = parent->umask;
	file_get(parent->cwd);
	child->cwd = parent->cwd;
	child->fdtable = fdtable_copy(parent->fdtable);
	return child->fdtable ? 0 : -ENOMEM;
}

static void exec(struct process *process)
{
	fdtable_close_on_exec(process->fdtable);
}

/* As on Linux, an empty name is the working directory's, and a directory is no program. */
static int open_interp(const char *name, struct object **object_ret, char **path_ret)
{
	if (*name == '\0')
		return -EACCES;
	return fs_open_exec(current_process()->cwd, name, object_ret, path_ret);
}

/* Others may be looking at the table and the directory: they have let go of them when this has the lock. */
static void exit(struct process *process)
{
	struct fdtable *fdtable;
	struct file *cwd;

	spin_lock(&process_tree_lock);
	fdtable = process->fdtable;
	cwd = process->cwd;
	process->fdtable = NULL;
	process->cwd = NULL;
	spin_unlock(&process_tree_lock);
	if (fdtable)
		fdtable_destroy(fdtable);
	if (cwd)
		file_put(cwd);
}

void process_set_cwd(struct file *dir)
{
	struct process *process = current_process();
	struct file *before = process->cwd;

	spin_lock(&process_tree_lock);
	process->cwd = dir;
	spin_unlock(&process_tree_lock);
	file_put(before);
}

struct file *process_get_cwd(const struct process_id *id)
{
	struct process *process;
	struct file *cwd = NULL;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	if (process && process->cwd) {
		cwd = process->cwd;
		file_get(cwd);
	}
	spin_unlock(&process_tree_lock);
	return cwd;
}

struct file *process_get_file(const struct process_id *id, int fd)
{
	struct process *process;
	struct file *file = NULL;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	if (process && process->fdtable)
		file = fdtable_get_path(process->fdtable, fd);
	spin_unlock(&process_tree_lock);
	return file;
}

int process_next_fd(const struct process_id *id, unsigned min)
{
	struct process *process;
	int fd = -ESRCH;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	if (process)
		fd = process->fdtable ? fdtable_next(process->fdtable, min) : -EBADF;
	spin_unlock(&process_tree_lock);
	return fd;
}

static const struct process_fs_ops ops = {
	.create = create,
	.copy = copy,
	.exec = exec,
	.open_interp = open_interp,
	.exit = exit,
	.sync = mount_sync_all,
};

void process_fs_init(void)
{
	process_fs = &ops;
}
