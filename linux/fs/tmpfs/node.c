/* SPDX-License-Identifier: MIT */
/* What tmpfs does with its inodes. */
#include "linux/fs/tmpfs/node.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/dev/served.h"
#include "linux/fs/dev/special.h"
#include "linux/fs/file/fifo.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/fs/tmpfs/regular.h"
#include "linux/fs/tmpfs/rename.h"
#include "linux/fs/tmpfs/room.h"
#include "linux/fs/tmpfs/seals.h"
#include "linux/fs/tmpfs/xattr.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/permission.h"
#include "linux/mem/quota.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define BLOCK_SIZE 512u

struct spinlock names_lock = SPINLOCK_INIT(LOCK_FS);

static const struct inode_ops node_ops;

void tmpfs_node_init(struct tmpfs_node *node, struct mount *mount, uint32_t mode,
		     const struct inode_ops *ops, const struct file_ops *file_ops)
{
	inode_init(&node->inode, mount, file_next_ino(), mode, ops, file_ops);
	mutex_init(&node->lock, LOCK_INODE);
	list_init(&node->names);
}

struct inode *tmpfs_node_create(struct mount *mount, uint32_t mode, const struct file_ops *file_ops)
{
	struct tmpfs_node *node = mem_wait_kzalloc(sizeof(*node));

	if (!node)
		return NULL;
	tmpfs_node_init(node, mount, mode, &node_ops, file_ops);
	return &node->inode;
}

struct inode *symlink_create(struct mount *mount, const char *target, size_t n)
{
	struct inode *inode = tmpfs_node_create(mount, S_IFLNK | 0777, &path_file_ops);
	char *copy;

	if (!inode)
		return NULL;
	copy = mem_wait_kmalloc(n + 1);
	if (!copy) {
		inode_put(inode);
		return NULL;
	}
	memcpy(copy, target, n);
	copy[n] = '\0';
	to_node(inode)->target = copy;
	return inode;
}

static struct inode *tmpfs_node_free(struct inode *inode)
{
	struct tmpfs_node *node = to_node(inode);
	struct inode *parent = NULL;

	if (S_ISDIR(inode->mode))
		parent = node->dir.parent == inode ? NULL : node->dir.parent;
	else
		parent = dir_of_former(inode);
	dir_former_free(inode);
	if (S_ISREG(inode->mode))
		regular_free(inode);
	if (node->records != 0)
		room_inode_gone(node);
	if (S_ISREG(inode->mode))
		kfree(node->memfd_name);
	else if (S_ISLNK(inode->mode))
		kfree(node->target);
	else if (inode_is_served(inode))
		served_name_end(inode);
	if (S_ISREG(inode->mode) || S_ISDIR(inode->mode))
		tmpfs_xattrs_free(node);
	quota_records_gone(node->records);
	kfree(node);
	return parent;
}

static void tmpfs_node_holds(struct inode *inode)
{
	if (S_ISDIR(inode->mode))
		dir_holds(inode);
	else
		inode_found(dir_of_former(inode));
	if (inode_is_served(inode) && inode->device)
		counted_found(&((struct file *)inode->device)->counted);
}

/* Names a new inode and gives the caller's reference to *inode_ret. NULL: it could not be made. */
static int tmpfs_node_add(struct inode *dir, const char *name, size_t len, struct inode *inode,
			  struct inode **inode_ret)
{
	int err = -ENOMEM;

	if (inode) {
		inode_init_owner(inode, dir);
		err = dir_add(dir, name, len, inode, false);
	}
	if (err)
		inode_put(inode);
	else
		*inode_ret = inode;
	return err;
}

static int tmpfs_node_make(struct inode *dir, const char *name, size_t len, unsigned mode,
			   struct inode **inode_ret)
{
	struct inode *inode = S_ISDIR(mode) ? dir_create(dir->mount, mode)
					    : regular_create(dir->mount, mode, NULL, 0);

	return tmpfs_node_add(dir, name, len, inode, inode_ret);
}

struct inode *special_create(struct mount *mount, uint32_t mode, const struct special *special)
{
	const struct file_ops *ops = special	      ? special->ops
				     : S_ISFIFO(mode) ? &fifo_file_ops
						      : &special_socket_ops;
	struct inode *inode = tmpfs_node_create(mount, mode, ops);

	if (inode && special) {
		inode->rdev = (uint32_t)special->rdev;
		inode->device = special->device;
	}
	return inode;
}

static int tmpfs_node_mknod(struct inode *dir, const char *name, size_t len, unsigned mode,
			    uint64_t rdev)
{
	bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
	const struct special *special = is_device ? special_find(mode & S_IFMT, rdev) : NULL;
	struct inode *inode;
	int err;

	if (is_device && !special)
		return -EPERM;
	err = tmpfs_node_add(dir, name, len, special_create(dir->mount, mode, special), &inode);
	if (err == 0)
		inode_put(inode);
	return err;
}

static int tmpfs_node_serve(struct inode *dir, const char *name, size_t len, unsigned mode,
			    struct file *send)
{
	struct inode *inode = tmpfs_node_create(dir->mount, S_IFCHR | mode, &served_name_ops);
	int err = inode ? served_name_begin(inode, send) : 0;

	if (err) {
		inode_put(inode);
		return err;
	}
	err = tmpfs_node_add(dir, name, len, inode, &inode);
	if (err == 0)
		inode_put(inode);
	return err;
}

static int tmpfs_node_tmpfile(struct inode *dir, unsigned mode, bool linkable,
			      struct inode **inode_ret)
{
	struct inode *inode = regular_create(dir->mount, mode, NULL, 0);
	int err = inode ? dir_count_inode(inode) : -ENOMEM;

	if (err) {
		inode_put(inode);
		return err;
	}
	inode_init_owner(inode, dir);
	to_node(inode)->linkable = linkable;
	*inode_ret = inode;
	return 0;
}

static int tmpfs_node_symlink(struct inode *dir, const char *name, size_t len, const char *target,
			      size_t target_len)
{
	struct inode *inode;
	int err = tmpfs_node_add(dir, name, len, symlink_create(dir->mount, target, target_len),
				 &inode);

	if (err == 0)
		inode_put(inode);
	return err;
}

static int tmpfs_node_link(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	return dir_add(dir, name, len, inode, true);
}

/* A target is shorter than PATH_MAX. */
static ssize_t tmpfs_node_readlink(struct inode *link, char *buf)
{
	return (ssize_t)str_copy(buf, to_node(link)->target, PATH_MAX);
}

static int tmpfs_node_getattr(struct inode *inode, struct abi_stat *st)
{
	struct tmpfs_node *node = to_node(inode);

	if (S_ISDIR(inode->mode))
		return dir_getattr(inode, st);
	spin_lock(&names_lock);
	inode_fill_stat(inode, st);
	spin_unlock(&names_lock);
	if (S_ISREG(inode->mode)) {
		st->size = (int64_t)regular_size(inode);
		st->blocks = (int64_t)(regular_pages(inode) * (PAGE_SIZE / BLOCK_SIZE));
	} else if (S_ISLNK(inode->mode)) {
		st->size = (int64_t)strlen(node->target);
	}
	return 0;
}

/* The caller has asked without the lock: the file may be another user's by now. */
static int tmpfs_node_setattr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr change = *attr;
	int err = mutex_lock_killable(&to_node(inode)->lock);

	if (err)
		return err;
	err = may_set_attr(inode, &change);
	if (err == 0 && S_ISREG(inode->mode) && (change.valid & ATTR_MODE))
		err = seals_check_mode(inode, change.mode);
	if (err == 0)
		inode_set_attr(inode, &change);
	mutex_unlock(&to_node(inode)->lock);
	return err;
}

static const struct inode_ops node_ops = {
	.label = memfd_label,
	.magic = ABI_TMPFS_MAGIC,
	.lookup = dir_lookup,
	.readdir = dir_item_from,
	.create = tmpfs_node_make,
	.tmpfile = tmpfs_node_tmpfile,
	.mknod = tmpfs_node_mknod,
	.serve = tmpfs_node_serve,
	.symlink = tmpfs_node_symlink,
	.link = tmpfs_node_link,
	.remove = dir_remove,
	.parent = dir_parent,
	.rename = tmpfs_rename,
	.path = dir_path_in_mount,
	.place = dir_place,
	.name_id = dir_name_id,
	.readlink = tmpfs_node_readlink,
	.getattr = tmpfs_node_getattr,
	.setattr = tmpfs_node_setattr,
	.get_xattr = tmpfs_xattr_get,
	.list_xattr = tmpfs_xattr_list,
	.set_xattr = tmpfs_xattr_set,
	.remove_xattr = tmpfs_xattr_remove,
	.resize = regular_truncate,
	.free = tmpfs_node_free,
	.holds = tmpfs_node_holds,
	.names_hold = true,
};
