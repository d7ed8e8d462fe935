/* SPDX-License-Identifier: MIT */
/* Puts into the tree of /dev what the kernel makes at boot. It is a tmpfs, so programs may change it afterwards. */
#include "linux/fs/dev/devtmpfs.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/dev/special.h"
#include "linux/fs/tmpfs/node.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "linux/fs/vfs/path.h"

/* const after boot. The only file system of its type stays, and so does this. */
static struct inode *root;

int devtmpfs_start(void)
{
	struct mount *mount;
	int err = mount_create(&devtmpfs_type, "devtmpfs", 0, "", &mount);

	if (err)
		return err;
	root = mount->root;
	mount_put(mount); /* it stays, ready to be mounted */
	return 0;
}

/* Names a new inode and takes over its reference. NULL: it could not be made. */
static int add_node(const char *path, struct inode *inode)
{
	int err = inode ? make_path(root, path, inode, false) : -ENOMEM;

	inode_put(inode);
	return err;
}

int devtmpfs_add(const char *path, const struct file_ops *ops, void *device, uint32_t mode,
		 uint64_t rdev)
{
	const struct special special = {
		.type = mode & S_IFMT,
		.rdev = rdev,
		.ops = ops,
		.device = device,
	};
	int err = add_node(path, special_create(root->mount, mode, &special));

	if (err == 0)
		special_add(&special);
	return err;
}

int devtmpfs_add_symlink(const char *path, const char *target)
{
	return add_node(path, symlink_create(root->mount, target, strlen(target)));
}

int devtmpfs_add_directory(const char *path)
{
	struct inode *dir;
	int err = make_directories(root, path, &dir);

	if (err == 0)
		inode_put(dir);
	return err;
}
