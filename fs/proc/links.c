/* SPDX-License-Identifier: MIT */
/* The links of /proc: to the reader's directory, and from a process to what it runs and has open. */
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/proc/node.h"
#include "fs/process_fs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/object.h"

ssize_t proc_self_target(struct proc_node *link, char *buf, size_t size)
{
	(void)link;
	if (!current_process())
		return -ENOENT;
	return ksnprintf(buf, size, "%d", current_process()->pid);
}

ssize_t proc_thread_self_target(struct proc_node *link, char *buf, size_t size)
{
	(void)link;
	if (!current_process())
		return -ENOENT;
	return ksnprintf(buf, size, "%d/task/%d", current_process()->pid, current_thread()->tid);
}

ssize_t proc_mounts_target(struct proc_node *link, char *buf, size_t size)
{
	(void)link;
	return (ssize_t)str_copy(buf, "self/mounts", size);
}

static struct inode *inode_of(struct object *object)
{
	return object->ops->inode ? object->ops->inode(object) : NULL;
}

/* C libraries expect a slash at the start, even of a program that has no name any more. */
ssize_t proc_exe_target(struct proc_node *link, char *buf, size_t size)
{
	struct exe *exe = inspect_exe(&link->id.process);
	struct inode *inode;
	size_t len;

	if (!exe)
		return -ENOENT;
	inode = inode_of(exe->object);
	len = inode_name(inode, buf, size);
	path_put(inode);
	if (*buf != '/')
		len = (size_t)ksnprintf(buf, size, "%s (deleted)", exe->path);
	exe_put(exe);
	return (ssize_t)MIN(len, size - 1);
}

int proc_exe_follow(struct proc_node *link, struct inode **inode_ret)
{
	struct exe *exe = inspect_exe(&link->id.process);

	if (!exe)
		return -ENOENT;
	*inode_ret = inode_of(exe->object);
	exe_put(exe);
	return *inode_ret ? 0 : -ENOENT;
}

/* A file without an inode, such as a pipe, has a label, and nothing that could be opened. */
static ssize_t name_of_file(struct file *file, char *buf, size_t size)
{
	struct abi_stat st;

	if (file->ops->has_inode)
		return (ssize_t)inode_name(file_inode(file), buf, size);
	if (file->ops->label)
		return file->ops->label(file, buf, size);
	if (file->ops->stat && file->ops->stat(file, &st) == 0)
		return ksnprintf(buf, size, "pipe:[%lu]", (unsigned long)st.ino);
	return ksnprintf(buf, size, "anon_inode:[%s]", file->ops->name);
}

/* Each of these drops the reference to the file; NULL is a file that is not open. */
static ssize_t file_target(struct file *file, char *buf, size_t size)
{
	ssize_t len;

	if (!file)
		return -ENOENT;
	len = name_of_file(file, buf, size);
	file_put(file);
	return len;
}

static int file_follow(struct file *file, struct inode **inode_ret)
{
	int err = 0;

	if (!file)
		return -ENOENT;
	if (file->ops->has_inode) {
		*inode_ret = file_inode(file);
		path_get(*inode_ret);
	} else {
		err = file->ops->inode ? file->ops->inode(file, inode_ret) : -ENXIO;
	}
	file_put(file);
	return err;
}

ssize_t proc_cwd_target(struct proc_node *link, char *buf, size_t size)
{
	return file_target(process_get_cwd(&link->id), buf, size);
}

int proc_cwd_follow(struct proc_node *link, struct inode **inode_ret)
{
	return file_follow(process_get_cwd(&link->id), inode_ret);
}

ssize_t proc_root_target(struct proc_node *link, char *buf, size_t size)
{
	struct inode *root = process_get_root(&link->id);
	size_t len;

	if (!root)
		return -ENOENT;
	len = inode_name(root, buf, size);
	path_put(root);
	return (ssize_t)len;
}

int proc_root_follow(struct proc_node *link, struct inode **inode_ret)
{
	*inode_ret = process_get_root(&link->id);
	return *inode_ret ? 0 : -ENOENT;
}

ssize_t proc_fd_target(struct proc_node *link, char *buf, size_t size)
{
	return file_target(process_get_file(&link->id, link->fd), buf, size);
}

int proc_fd_follow(struct proc_node *link, struct inode **inode_ret)
{
	return file_follow(process_get_file(&link->id, link->fd), inode_ret);
}
