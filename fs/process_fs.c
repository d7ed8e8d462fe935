/* SPDX-License-Identifier: MIT */
/* Creates, copies and frees a process's descriptors, working directory, root and umask. */
#include "fs/process_fs.h"

#include "abi/errno.h"
#include "fs/fdtable.h"
#include "fs/mount.h"
#include "fs/open.h"
#include "fs/path.h"
#include "proc/pid.h"

#define FIRST_UMASK 022

static int process_fs_create(struct process *process)
{
	process->umask = FIRST_UMASK;
	process->fdtable = fdtable_create();
	process->cwd = fs_open_root();
	return process->fdtable && process->cwd ? 0 : -ENOMEM;
}

static int process_fs_copy(struct process *child, struct process *parent)
{
	child->umask = parent->umask;
	child->cwd = process_cwd();
	child->root = process_root();
	child->fdtable = fdtable_copy(parent->fdtable);
	return child->fdtable ? 0 : -ENOMEM;
}

static void process_fs_exec(struct process *process)
{
	fdtable_close_on_exec(process->fdtable);
}

/* As on Linux, an empty name is the working directory's, and a directory is no program. */
static int process_fs_open_interp(const char *name, struct object **object_ret, char **path_ret)
{
	struct file *cwd;
	int err;

	if (*name == '\0')
		return -EACCES;
	cwd = process_cwd();
	err = fs_open_exec(cwd, name, true, object_ret, path_ret);
	file_put(cwd);
	return err;
}

/* Others may be looking at the table and the directory: they have let go of them when this has the lock. */
static void process_fs_exit(struct process *process)
{
	struct fdtable *fdtable;
	struct inode *root;
	struct file *cwd;

	spin_lock(&process_tree_lock);
	fdtable = process->fdtable;
	cwd = process->cwd;
	root = process->root;
	process->fdtable = NULL;
	process->cwd = NULL;
	process->root = NULL;
	spin_unlock(&process_tree_lock);
	if (fdtable)
		fdtable_destroy(fdtable);
	if (cwd)
		file_put(cwd);
	path_put(root);
}

/* May another thread of the running process change what it has? */
static bool process_fs_is_shared(const struct process *process)
{
	return atomic_load_relaxed(&process->nlive) > 1;
}

struct file *process_cwd(void)
{
	const struct process *process = current_process();
	struct file *cwd;

	if (likely(!process_fs_is_shared(process))) {
		file_get(process->cwd);
		return process->cwd;
	}
	spin_lock(&process_tree_lock);
	cwd = process->cwd;
	file_get(cwd);
	spin_unlock(&process_tree_lock);
	return cwd;
}

void process_set_cwd(struct file *dir)
{
	struct process *process = current_process();
	struct file *before;

	spin_lock(&process_tree_lock);
	before = process->cwd;
	process->cwd = dir;
	spin_unlock(&process_tree_lock);
	file_put(before);
}

struct inode *process_root(void)
{
	const struct process *process = current_process();
	struct inode *root;

	if (likely(!process || !atomic_load_relaxed(&process->root)))
		return NULL;
	spin_lock(&process_tree_lock);
	root = process->root;
	path_get(root);
	spin_unlock(&process_tree_lock);
	return root;
}

int process_chroot(struct file *dir, const char *path)
{
	struct process *process = current_process();
	struct inode *root, *before;
	int err = path_lookup(path_start(dir), path, true, &root);

	if (err)
		return err;
	if (!S_ISDIR(root->mode)) {
		path_put(root);
		return -ENOTDIR;
	}
	spin_lock(&process_tree_lock);
	before = process->root;
	process->root = root;
	spin_unlock(&process_tree_lock);
	path_put(before);
	return 0;
}

struct inode *process_get_root(const struct process_id *id)
{
	struct process *process;
	struct inode *root = NULL;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	if (process && process->cwd) {
		root = process->root ?: mount_tree_root();
		path_get(root);
	}
	spin_unlock(&process_tree_lock);
	return root;
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

static bool process_fs_serves(const struct process *process)
{
	return process->fdtable && fdtable_serves(process->fdtable);
}

static size_t process_fs_held(const struct process *process)
{
	return process->fdtable ? fdtable_held(process->fdtable) : 0;
}

static const struct process_fs_ops ops = {
	.create = process_fs_create,
	.copy = process_fs_copy,
	.exec = process_fs_exec,
	.open_interp = process_fs_open_interp,
	.exit = process_fs_exit,
	.serves = process_fs_serves,
	.held = process_fs_held,
	.sync = mount_sync_all,
};

void process_fs_init(void)
{
	process_fs = &ops;
}
