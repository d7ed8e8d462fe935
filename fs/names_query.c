/* SPDX-License-Identifier: MIT */
/* What names stand for: stat, readlink, getcwd. */
#include "abi/errno.h"
#include "fs/dir.h"
#include "fs/names.h"
#include "fs/path.h"
#include "lib/bits.h"
#include "lib/string.h"

int fs_stat(struct file *dir, const char *path, bool follow, struct abi_stat *st)
{
	struct inode *inode;
	int err = path_lookup(path_start(dir), path, follow, &inode);

	if (err)
		return err;
	inode_stat(inode, st);
	inode_put(inode);
	return 0;
}

static ssize_t copy_target(const struct inode *inode, char *buf, size_t size)
{
	size_t len = MIN(strlen(inode->target), size);

	memcpy(buf, inode->target, len);
	return (ssize_t)len;
}

ssize_t fs_readlink(struct file *dir, const char *path, char *buf, size_t size)
{
	struct inode *inode;
	ssize_t len = path_lookup(path_start(dir), path, false, &inode);

	if (len != 0)
		return len;
	len = S_ISLNK(inode->mode) ? copy_target(inode, buf, size) : -EINVAL;
	inode_put(inode);
	return len;
}

ssize_t fs_readlink_file(struct file *file, char *buf, size_t size)
{
	if (!file->ops->has_inode || !S_ISLNK(file_inode(file)->mode))
		return -ENOENT;
	return copy_target(file_inode(file), buf, size);
}

ssize_t fs_getcwd(struct file *dir, char *buf, size_t size)
{
	struct inode *inode = path_start(dir);

	if (!inode || !S_ISDIR(inode->mode))
		return -ENOTDIR;
	return dir_path(inode, buf, size);
}
