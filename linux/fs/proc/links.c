/* SPDX-License-Identifier: MIT */
/* The links of /proc: to the reader's directory, and from a process to what it runs and has open. */
#include "abi/errno.h"
#include "abi/sched.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/proc/nameless.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/namespace.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/process_fs.h"
#include "mm/object/object.h"
#include "proc/exe.h"
#include "linux/process/thread_id.h"

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

ssize_t proc_link_target(struct proc_node *link, char *buf, size_t size)
{
	return (ssize_t)str_copy(buf, link->entry->text, size);
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
		len = (size_t)ksnprintf(buf, size, "%s (deleted)", exe->name);
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
	if (file->ops->has_inode)
		return (ssize_t)inode_name(file_inode(file), buf, size);
	return nameless_file_label(file, buf, size);
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
		err = file_more(file)->inode ? file_more(file)->inode(file, inode_ret)
					     : nameless_of_file(file, inode_ret);
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

/* ---- namespaces ---- */

/* As on Linux, one that has ended has no more than the first two of these. */
static int has_namespace(const struct proc_node *link)
{
	struct process_facts facts;
	unsigned flag = link->entry->ns->flag;

	if (inspect_facts(&link->id, &facts) != 0)
		return -EACCES;
	if (facts.state == 'Z' && flag != CLONE_NEWUSER &&
	    (flag != CLONE_NEWPID || strcmp(link->entry->name, link->entry->ns->name) != 0))
		return -ENOENT;
	return 0;
}

ssize_t proc_ns_target(struct proc_node *link, char *buf, size_t size)
{
	int err = has_namespace(link);

	return err ? err : (ssize_t)namespace_label(link->entry->ns, buf, size);
}

int proc_ns_follow(struct proc_node *link, struct inode **inode_ret)
{
	return has_namespace(link) ?: nameless_of_namespace(link->entry->ns, inode_ret);
}

/* ---- mapped files ---- */

static int next_map_file(struct uspace *uspace, vaddr_t from, bool exact, struct map_facts *map,
			 struct inode **inode_ret)
{
	vaddr_t at = from;
	int err;

	while ((err = space_map_at(&uspace->space, at, map)) == 0) {
		struct inode *inode = NULL;

		at = map->end;
		if (map->object) {
			if (map->start >= from)
				inode = inode_of(map->object);
			object_put(map->object);
			map->object = NULL;
		}
		if (exact && (!inode || map->start != from)) {
			path_put(inode);
			return -ENODATA;
		}
		if (inode) {
			*inode_ret = inode;
			return 0;
		}
	}
	return err;
}

int proc_map_file(const struct thread_id *id, vaddr_t from, bool exact, struct map_facts *map_ret,
		  struct inode **inode_ret)
{
	struct uspace *uspace;
	int err = inspect_access_space(id, &uspace);

	if (err)
		return err;
	err = next_map_file(uspace, from, exact, map_ret, inode_ret);
	uspace_put(uspace);
	return err;
}

/* What was mapped there when the link was looked up may be gone. */
static int map_file_of(const struct proc_node *link, struct inode **inode_ret)
{
	struct map_facts map;
	int err = proc_map_file(&link->id, link->start, true, &map, inode_ret);

	if (err == 0 && map.end != link->end) {
		path_put(*inode_ret);
		err = -ENODATA;
	}
	return err == -EACCES || err == -EINTR || err == 0 ? err : -ENOENT;
}

ssize_t proc_map_file_target(struct proc_node *link, char *buf, size_t size)
{
	struct inode *inode;
	int err = map_file_of(link, &inode);
	size_t len;

	if (err)
		return err;
	len = inode_name(inode, buf, size);
	path_put(inode);
	return (ssize_t)len;
}

int proc_map_file_follow(struct proc_node *link, struct inode **inode_ret)
{
	if (!capable(CAP_SYS_ADMIN) && !capable(CAP_CHECKPOINT_RESTORE))
		return -EPERM;
	return map_file_of(link, inode_ret);
}
