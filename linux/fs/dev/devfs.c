/* SPDX-License-Identifier: MIT */
/* The file system of devices: a list of names that only the kernel adds to. */
#include "linux/fs/dev/devfs.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

struct dev_node {
	struct inode inode; /* guarded as struct inode says */
	struct list link;   /* all nodes, in the order of their positions; guarded by nodes_lock */
	struct dev_node *parent; /* const; the root is its own */
	uint64_t pos;		 /* const: where it is in its directory */
	char name[64];		 /* const, terminated */
};

static struct spinlock nodes_lock = SPINLOCK_INIT(LOCK_FS);
/* guarded by nodes_lock: */
static struct list nodes = LIST_INIT(nodes);
static uint64_t next_pos = DIR_FIRST_POS;

static uint32_t is_made; /* atomic: 0 or 1 */
static struct mount *only;

static const struct inode_ops devfs_ops;
/* const */
static struct dev_node root = { .parent = &root };

static struct dev_node *to_dev(struct inode *inode)
{
	return container_of(inode, struct dev_node, inode);
}

static struct dev_node *dev_node_find_locked(const struct dev_node *dir, const char *name,
					     size_t len)
{
	struct dev_node *node;

	assert_hardened(spin_lock_held(&nodes_lock));
	list_for_each_entry(node, &nodes, link)
		if (node->parent == dir && strlen(node->name) == len &&
		    memcmp(node->name, name, len) == 0)
			return node;
	return NULL;
}

/* Nodes are never removed, so the result stays. */
static struct dev_node *dev_node_find(const struct dev_node *dir, const char *name, size_t len)
{
	struct dev_node *node;

	spin_lock(&nodes_lock);
	node = dev_node_find_locked(dir, name, len);
	spin_unlock(&nodes_lock);
	return node;
}

static int dev_node_add_locked(struct dev_node *node)
{
	assert_hardened(spin_lock_held(&nodes_lock));
	if (dev_node_find_locked(node->parent, node->name, strlen(node->name)))
		return -EEXIST;
	node->inode.mount = root.inode.mount;
	node->pos = next_pos++;
	list_add_tail(&nodes, &node->link);
	node->inode.nlink = 1;
	if (S_ISDIR(node->inode.mode)) {
		node->inode.nlink = 2;
		node->parent->inode.nlink++;
	}
	return 0;
}

/* The file system's own inode: it exists from the first use on, and is mounted later. */
static void make_root(void)
{
	if (!root.inode.ops)
		inode_init(&root.inode, NULL, file_next_ino(), S_IFDIR | 0755, &devfs_ops,
			   &dir_file_ops);
	root.inode.nlink = MAX(root.inode.nlink, 2u);
}

static int dev_node_add(struct dev_node *dir, const struct path_part *part,
			const struct inode *like, struct dev_node **node_ret)
{
	struct dev_node *node;
	int err;

	if (part->kind != PATH_NAME)
		return -EINVAL;
	if (!S_ISDIR(dir->inode.mode))
		return -ENOTDIR;
	if (part->len >= sizeof(node->name))
		return -ENAMETOOLONG;
	node = mem_wait_kzalloc(sizeof(*node));
	if (!node)
		return -ENOMEM;
	inode_init(&node->inode, NULL, file_next_ino(), like->mode, &devfs_ops, like->file_ops);
	node->inode.device = like->device;
	node->inode.rdev = like->rdev;
	node->parent = dir;
	memcpy(node->name, part->name, part->len);
	spin_lock(&nodes_lock);
	err = dev_node_add_locked(node);
	spin_unlock(&nodes_lock);
	if (err) {
		inode_discard(&node->inode);
		kfree(node);
	} else {
		*node_ret = node;
	}
	return err;
}

static const struct inode any_directory = { .mode = S_IFDIR | 0755, .file_ops = &dir_file_ops };

static int add_path(const char *path, const struct inode *like)
{
	struct dev_node *dir = &root;
	struct path_part part;
	int err = 0;

	make_root();
	while (err == 0) {
		struct dev_node *next;

		path = path_part_next(path, &part);
		if (*path == '\0')
			return dev_node_add(dir, &part, like, &next);
		next = part.kind == PATH_NAME ? dev_node_find(dir, part.name, part.len) : NULL;
		if (!next)
			err = dev_node_add(dir, &part, &any_directory, &next);
		dir = next;
	}
	return err;
}

int devfs_add(const char *path, const struct file_ops *ops, void *device, uint32_t mode,
	      uint64_t rdev)
{
	const struct inode like = {
		.mode = mode,
		.file_ops = ops,
		.device = device,
		.rdev = rdev,
	};

	return add_path(path, &like);
}

int devfs_add_symlink(const char *path, const char *target)
{
	/* The node has only const names: `device` is the target. */
	const struct inode like = {
		.mode = S_IFLNK | 0777,
		.file_ops = &path_file_ops,
		.device = (void *)(uintptr_t)target,
	};

	return add_path(path, &like);
}

int devfs_add_directory(const char *path)
{
	return add_path(path, &any_directory);
}

static int devfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	struct dev_node *node = dev_node_find(to_dev(dir), name, len);

	if (!node)
		return -ENOENT;
	inode_get(&node->inode);
	*inode_ret = &node->inode;
	return 0;
}

static int devfs_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	struct dev_node *node;
	int err = -ENODATA;

	spin_lock(&nodes_lock);
	list_for_each_entry(node, &nodes, link) {
		if (node->parent == to_dev(dir) && node->pos >= pos) {
			item->pos = node->pos;
			dir_item_set(item, node->inode.ino, node->inode.mode, node->name);
			err = 0;
			break;
		}
	}
	spin_unlock(&nodes_lock);
	return err;
}

static struct inode *devfs_parent(struct inode *dir)
{
	struct inode *parent = &to_dev(dir)->parent->inode;

	inode_get(parent);
	return parent;
}

static int devfs_path(struct inode *inode, struct path_text *text)
{
	struct dev_node *node = to_dev(inode);

	for (; !path_reached(text, &node->inode) && node != &root; node = node->parent) {
		if (path_prepend(text, node->name, strlen(node->name)) != 0)
			return -ERANGE;
	}
	return 0;
}

static bool devfs_place(struct inode *inode, uint32_t name_id, uint32_t events,
			struct inode_place *place)
{
	const struct dev_node *node = to_dev(inode);
	struct inode *dir = &node->parent->inode;

	(void)name_id;
	if (inode == &root.inode || !(atomic_load_relaxed(&dir->watch_mask) & events))
		return false;
	inode_get(dir);
	place->dir = dir;
	place->len = (uint32_t)str_copy(place->text, node->name, sizeof(place->text));
	return true;
}

static ssize_t devfs_readlink(struct inode *link, char *buf)
{
	return (ssize_t)str_copy(buf, link->device, PATH_MAX);
}

static int devfs_getattr(struct inode *inode, struct abi_stat *st)
{
	inode_fill_stat(inode, st);
	if (S_ISLNK(inode->mode))
		st->size = (int64_t)strlen(inode->device);
	return 0;
}

/* The list has a reference of its own, so this is never called. */
static struct inode *devfs_free(struct inode *inode)
{
	(void)inode;
	assert(false);
	return NULL;
}

/* The list, or for the root this file, has a reference to each. */
static void devfs_holds(struct inode *inode)
{
	inode_found(inode);
}

/*
 * Programs can neither create names nor remove them, but may change the owners, permissions and
 * times of those that are there.
 */
static const struct inode_ops devfs_ops = {
	.lookup = devfs_lookup,
	.readdir = devfs_readdir,
	.parent = devfs_parent,
	.path = devfs_path,
	.place = devfs_place,
	.readlink = devfs_readlink,
	.getattr = devfs_getattr,
	.setattr = simple_setattr,
	.free = devfs_free,
	.holds = devfs_holds,
};

/* Those that were added before belong to no mount yet. */
static void set_mount(struct mount *mount)
{
	struct dev_node *node;

	spin_lock(&nodes_lock);
	root.inode.mount = mount;
	list_for_each_entry(node, &nodes, link)
		node->inode.mount = mount;
	spin_unlock(&nodes_lock);
}

static int fill_devfs(struct mount *mount, const char *options)
{
	if (*options != '\0')
		return -EINVAL;
	if (!atomic_cas(&is_made, 0, 1))
		return -EBUSY;
	make_root();
	set_mount(mount);
	inode_get(&root.inode);
	mount->root = &root.inode;
	return 0;
}

const struct fs_type devfs_type = {
	.name = "devtmpfs",
	.magic = ABI_TMPFS_MAGIC,
	.fill_mount = fill_devfs,
	.only = &only,
};
