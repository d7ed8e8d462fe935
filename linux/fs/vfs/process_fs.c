/* SPDX-License-Identifier: MIT */
/* Gives threads their descriptors, working directory, root and umask, shared or their own. */
#include "linux/fs/vfs/process_fs.h"

#include "abi/errno.h"
#include "abi/pidfd.h"
#include "abi/sched.h"
#include "desc/fdtable.h"
#include "linux/fs/dump/core_file.h"
#include "linux/fs/file/pidfd.h"
#include "linux/fs/vfs/fs_struct.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/process/cred.h"
#include "linux/process/process_ops.h"
#include "linux/process/task.h"
#include "mm/object/object.h"
#include "proc/pid.h"
#include "linux/process/thread_id.h"
#include "linux/fs/file/descriptors.h"

#define FIRST_UMASK 022

static int process_fs_create(struct thread *thread)
{
	thread->fdtable = fdtable_create();
	task_of(thread)->fs = fs_struct_create(fs_open_root(), NULL, FIRST_UMASK);
	return thread->fdtable && task_of(thread)->fs ? 0 : -ENOMEM;
}

static int process_fs_copy(struct thread *thread, uint64_t flags)
{
	struct fdtable *fdtable = current_thread()->fdtable;

	task_of(thread)->fs = flags & CLONE_FS ? fs_struct_share() : fs_struct_copy();
	thread->fdtable = flags & CLONE_FILES ? fdtable_share(fdtable) : fdtable_copy(fdtable);
	return thread->fdtable && task_of(thread)->fs ? 0 : -ENOMEM;
}

/* The running thread has these from now on, if they could be made. */
static void change(struct fdtable *fdtable, struct fs_struct *fs)
{
	struct thread *thread = current_thread();
	struct fdtable *fdtable_before = NULL;
	struct fs_struct *fs_before = NULL;

	spin_lock(&process_tree_lock);
	if (fdtable) {
		fdtable_before = thread->fdtable;
		thread->fdtable = fdtable;
	}
	if (fs) {
		fs_before = task_of(thread)->fs;
		task_of(thread)->fs = fs;
	}
	spin_unlock(&process_tree_lock);
	if (fdtable_before)
		fdtable_put(fdtable_before);
	if (fs_before)
		fs_struct_put(fs_before);
}

int process_unshare(bool files, bool fs)
{
	const struct thread *thread = current_thread();
	struct fdtable *new_fdtable = NULL;
	struct fs_struct *new_fs = NULL;

	files = files && fdtable_is_shared(thread->fdtable);
	fs = fs && fs_struct_is_shared(task_of(thread)->fs);
	if (files)
		new_fdtable = fdtable_copy(thread->fdtable);
	if (fs && (!files || new_fdtable))
		new_fs = fs_struct_copy();
	if ((files && !new_fdtable) || (fs && !new_fs)) {
		if (new_fdtable)
			fdtable_put(new_fdtable);
		return -ENOMEM;
	}
	change(new_fdtable, new_fs);
	return 0;
}

static int process_fs_exec_begin(void)
{
	int err = process_unshare(true, false);

	if (!err)
		fdtable_become_only_user(current_thread()->fdtable);
	return err;
}

static void process_fs_exec(void)
{
	fdtable_close_on_exec(current_thread()->fdtable);
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

/* A file that has lost its last name and use meanwhile gives no ids. */
static void process_fs_image_ids(struct object *object, struct image_ids *ret)
{
	struct inode *inode = object->ops->inode ? object->ops->inode(object) : NULL;

	*ret = (struct image_ids){ .nosuid = true };
	if (!inode)
		return;
	ret->mode = atomic_load_relaxed(&inode->mode);
	ret->uid = atomic_load_relaxed(&inode->uid);
	ret->gid = atomic_load_relaxed(&inode->gid);
	ret->unreadable = inode_permission(inode, MAY_READ) != 0;
	ret->nosuid = mount_ignores_set_id(inode->mount);
	path_put(inode);
}

static bool process_fs_is_shared(const struct thread *thread)
{
	const struct thread *other;
	unsigned nown = 0;

	spin_lock(&process_tree_lock);
	for_each_thread(other, thread->process)
		nown += task_of(other)->fs == task_of(thread)->fs;
	spin_unlock(&process_tree_lock);
	return fs_struct_users(task_of(thread)->fs) > nown;
}

/* Others may be looking at the table and the directory: they have let go of them when this has the lock. */
static void process_fs_exit(struct thread *thread)
{
	struct fdtable *fdtable;
	struct fs_struct *fs;

	spin_lock(&process_tree_lock);
	fdtable = thread->fdtable;
	fs = task_of(thread)->fs;
	thread->fdtable = NULL;
	task_of(thread)->fs = NULL;
	spin_unlock(&process_tree_lock);
	if (fdtable)
		fdtable_put(fdtable);
	if (fs)
		fs_struct_put(fs);
}

struct file *process_cwd(void)
{
	struct fs_struct *fs = current_task()->fs;

	if (unlikely(fs_struct_is_shared(fs)))
		return fs_struct_cwd(fs);
	file_get(fs->cwd);
	return fs->cwd;
}

void process_set_cwd(struct file *dir)
{
	fs_struct_set_cwd(current_task()->fs, dir);
}

struct inode *process_root(void)
{
	struct fs_struct *fs = current_process() ? current_task()->fs : NULL;

	return likely(!fs || !atomic_load_relaxed(&fs->root)) ? NULL : fs_struct_root(fs);
}

unsigned process_umask(void)
{
	return atomic_load_relaxed(&current_task()->fs->umask);
}

unsigned process_set_umask(unsigned umask)
{
	return atomic_exchange(&current_task()->fs->umask, umask);
}

int process_chroot(struct file *dir, const char *path)
{
	struct inode *root;
	int err = path_lookup(path_start(dir), path, true, &root);

	if (err)
		return err;
	if (!S_ISDIR(root->mode))
		err = -ENOTDIR;
	else if (!(err = inode_permission(root, MAY_EXEC)) && !capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (err) {
		path_put(root);
		return err;
	}
	fs_struct_set_root(current_task()->fs, root);
	return 0;
}

struct inode *process_get_root(const struct thread_id *id)
{
	const struct thread *thread;
	struct inode *root = NULL;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread && task_of(thread)->fs) {
		root = fs_struct_root(task_of(thread)->fs);
		if (!root) {
			root = mount_tree_root();
			path_get(root);
		}
	}
	spin_unlock(&process_tree_lock);
	return root;
}

struct file *process_get_cwd(const struct thread_id *id)
{
	const struct thread *thread;
	struct file *cwd = NULL;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread && task_of(thread)->fs)
		cwd = fs_struct_cwd(task_of(thread)->fs);
	spin_unlock(&process_tree_lock);
	return cwd;
}

struct file *process_get_file(const struct thread_id *id, int fd)
{
	const struct thread *thread;
	struct file *file = NULL;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread && thread->fdtable)
		file = fdtable_get_any(thread->fdtable, fd);
	spin_unlock(&process_tree_lock);
	return file;
}

int process_take_file(const struct thread_id *id, int fd, struct file **file_ret)
{
	const struct thread *thread;
	struct file *file = NULL;
	int err = 0;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (!thread || !thread->fdtable)
		err = -ESRCH;
	else if (!ptrace_may_attach(thread))
		err = -EPERM;
	else if (!(file = fdtable_get_any(thread->fdtable, fd)))
		err = -EBADF;
	spin_unlock(&process_tree_lock);
	if (!err && file->ops->stays) {
		file_put(file);
		err = -EPERM;
	}
	if (!err)
		*file_ret = file;
	return err;
}

int process_fd_cloexec(const struct thread_id *id, int fd)
{
	const struct thread *thread;
	int cloexec = -ESRCH;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread)
		cloexec = thread->fdtable ? fdtable_cloexec(thread->fdtable, fd) : -EBADF;
	spin_unlock(&process_tree_lock);
	return cloexec;
}

int process_next_fd(const struct thread_id *id, unsigned min)
{
	const struct thread *thread;
	int fd = -ESRCH;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread)
		fd = thread->fdtable ? fdtable_next(thread->fdtable, min) : -EBADF;
	spin_unlock(&process_tree_lock);
	return fd;
}

static unsigned process_fs_fd_size(const struct thread *thread)
{
	return thread->fdtable ? fdtable_size(thread->fdtable) : 0;
}

static int process_fs_umask(const struct thread *thread)
{
	return task_of(thread)->fs ? (int)atomic_load_relaxed(&task_of(thread)->fs->umask) : -1;
}

/*
 * Walks the descriptor tables of a process, nearly always one. Threads that have tables of their own
 * could have very many, and the walk is one hold of process_tree_lock: what is in more tables than
 * these does not count.
 */
#define TABLES_WALKED 8

static size_t walk_tables(const struct process *process, size_t (*count)(struct fdtable *table))
{
	const struct fdtable *last = NULL;
	const struct thread *thread;
	unsigned ntables = 0;
	size_t sum = 0;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for_each_thread(thread, process) {
		struct fdtable *table = thread->fdtable;

		if (!table || table == last)
			continue;
		sum += count(table);
		last = table;
		if (++ntables == TABLES_WALKED)
			break;
	}
	return sum;
}

static size_t serves(struct fdtable *table)
{
	return fdtable_serves(table);
}

static bool process_fs_drives(void)
{
	return fdtable_drives(current_thread()->fdtable);
}

static bool process_fs_serves(const struct process *process)
{
	return walk_tables(process, serves) != 0;
}

static size_t process_fs_held(const struct process *process)
{
	return walk_tables(process, fdtable_held);
}

static int process_fs_pidfd_reserve(bool of_thread, struct end_watch **watch_ret,
				    struct file **file_ret)
{
	return pidfd_reserve(of_thread ? PIDFD_THREAD : 0, watch_ret, file_ret);
}

static void process_fs_pidfd_fill(int fd, struct file *file)
{
	fdtable_fill(current_thread()->fdtable, fd, file);
}

static void process_fs_pidfd_unreserve(int fd, struct file *file)
{
	fdtable_unreserve(current_thread()->fdtable, fd);
	file_put(file);
}

static const struct process_fs_ops ops = {
	.create = process_fs_create,
	.copy = process_fs_copy,
	.exec_begin = process_fs_exec_begin,
	.exec = process_fs_exec,
	.image_ids = process_fs_image_ids,
	.is_shared = process_fs_is_shared,
	.open_interp = process_fs_open_interp,
	.exit = process_fs_exit,
	.umask = process_fs_umask,
	.fd_size = process_fs_fd_size,
	.serves = process_fs_serves,
	.drives = process_fs_drives,
	.held = process_fs_held,
	.sync = mount_sync_all,
	.core_dump = core_file_write,
	.pidfd_reserve = process_fs_pidfd_reserve,
	.pidfd_fill = process_fs_pidfd_fill,
	.pidfd_unreserve = process_fs_pidfd_unreserve,
};

void process_fs_init(void)
{
	process_fs = &ops;
}
