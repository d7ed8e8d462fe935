/* SPDX-License-Identifier: MIT */
/* System calls on names: mkdir, mknod, symlink, link, unlink, rmdir, stat, readlink, getcwd. */
#include "fs/namei.h"

#include "abi/errno.h"
#include "fs/path.h"
#include "fs/tmpfs/dir.h"
#include "fs/tmpfs/regular.h"
#include "lib/bits.h"
#include "lib/string.h"

#define MKDIR_MODE 01777u

/*
 * Walks to the place where a name is to be created. Returns 0; -EEXIST if the name exists or the
 * path does not end in a name; -ENOENT if a slash follows the name and no directory is to be
 * created. The caller calls path_end() in any case.
 */
static int begin_new(struct path_walk *walk, struct file *dir, const char *path, bool directory)
{
	struct inode *inode;
	int err = path_parent(walk, path_start(dir), path);

	if (err)
		return err;
	if (walk->last.kind != PATH_NAME)
		return -EEXIST;
	if (walk->last.len > NAME_MAX)
		return -ENAMETOOLONG;
	inode = dir_find(walk->dir, walk->last.name, walk->last.len);
	if (inode) {
		inode_put(inode);
		return -EEXIST;
	}
	return walk->must_be_dir && !directory ? -ENOENT : 0;
}

/* Names a fresh inode and takes over its reference. NULL: creating the inode failed. */
static int add_new(struct path_walk *walk, struct inode *inode)
{
	int err;

	if (!inode)
		return -ENOMEM;
	err = dir_add(walk->dir, walk->last.name, walk->last.len, inode, false);
	inode_put(inode);
	return err;
}

int fs_mkdir(struct file *dir, const char *path, unsigned mode)
{
	struct path_walk walk;
	int err = begin_new(&walk, dir, path, true);

	if (err == 0)
		err = add_new(&walk, dir_create(mode & MKDIR_MODE));
	path_end(&walk);
	return err;
}

/* Linux's may_mknod(), then -EPERM for the types that are not implemented. */
static int check_type(unsigned mode)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
		return 0;
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

int fs_mknod(struct file *dir, const char *path, unsigned mode)
{
	struct path_walk walk;
	int err = check_type(mode);

	if (err)
		return err;
	err = begin_new(&walk, dir, path, false);
	if (err == 0)
		err = add_new(&walk, regular_create(mode & S_IALLUGO, INODE_DEV_ROOT, NULL, 0));
	path_end(&walk);
	return err;
}

int fs_symlink(struct file *dir, const char *path, const char *target, size_t target_len)
{
	struct path_walk walk;
	int err = begin_new(&walk, dir, path, false);

	if (err == 0)
		err = add_new(&walk, symlink_create(target, target_len));
	path_end(&walk);
	return err;
}

static int link_inode(struct inode *inode, struct file *new_dir, const char *new_path)
{
	struct path_walk walk;
	int err = begin_new(&walk, new_dir, new_path, false);

	if (err == 0 && inode->dev != walk.dir->dev)
		err = -EXDEV;
	if (err == 0 && S_ISDIR(inode->mode))
		err = -EPERM;
	if (err == 0)
		err = dir_add(walk.dir, walk.last.name, walk.last.len, inode, true);
	path_end(&walk);
	return err;
}

int fs_link(struct file *old_dir, const char *old_path, bool follow, struct file *new_dir,
	    const char *new_path)
{
	struct inode *inode;
	int err = path_lookup(path_start(old_dir), old_path, follow, &inode);

	if (err)
		return err;
	err = link_inode(inode, new_dir, new_path);
	inode_put(inode);
	return err;
}

int fs_link_file(struct file *old, struct file *new_dir, const char *new_path)
{
	if (!old->ops->has_inode)
		return -EXDEV;
	return link_inode(file_inode(old), new_dir, new_path);
}

/* Chooses the error for unlink("name/"). */
static int unlink_with_slash(struct path_walk *walk)
{
	struct inode *inode;
	int err = -ENOENT;

	if (walk->last.len > NAME_MAX)
		return -ENAMETOOLONG;
	inode = dir_find(walk->dir, walk->last.name, walk->last.len);
	if (inode)
		err = S_ISDIR(inode->mode) ? -EISDIR : -ENOTDIR;
	inode_put(inode);
	return err;
}

int fs_unlink(struct file *dir, const char *path)
{
	struct path_walk walk;
	int err = path_parent(&walk, path_start(dir), path);

	if (err == 0 && walk.last.kind != PATH_NAME)
		err = -EISDIR;
	else if (err == 0 && walk.must_be_dir)
		err = unlink_with_slash(&walk);
	else if (err == 0)
		err = dir_remove(walk.dir, walk.last.name, walk.last.len);
	path_end(&walk);
	return err;
}

int fs_rmdir(struct file *dir, const char *path)
{
	static const int refusal[] = {
		[PATH_ROOT] = -EBUSY,
		[PATH_DOT] = -EINVAL,
		[PATH_DOTDOT] = -ENOTEMPTY,
		[PATH_NAME] = 0,
	};
	struct path_walk walk;
	int err = path_parent(&walk, path_start(dir), path);

	if (err == 0)
		err = refusal[walk.last.kind];
	if (err == 0)
		err = dir_remove_dir(walk.dir, walk.last.name, walk.last.len);
	path_end(&walk);
	return err;
}

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
