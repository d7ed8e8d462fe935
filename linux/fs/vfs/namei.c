/* SPDX-License-Identifier: MIT */
/* System calls on names: mkdir, mknod, symlink, link, unlink, rmdir, stat, readlink, getcwd. */
#include "linux/fs/vfs/namei.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "mm/phys/kmalloc.h"

#define MKDIR_MODE 01777u

/*
 * Walks to the place where a name is to be created. Returns 0; -EEXIST if the name exists or the
 * path does not end in a name; -ENOENT if a slash follows the name and no directory is to be
 * created; -EROFS. The caller calls path_end() in any case, until which the mount is not made
 * read-only.
 */
static int begin_new(struct path_walk *walk, struct file *dir, const char *path, bool directory)
{
	struct inode *inode;
	int err = path_parent(walk, path_start(dir), path);

	if (err)
		return err;
	if (walk->last.kind != PATH_NAME)
		return -EEXIST;
	err = path_find(walk->dir, walk->last.name, walk->last.len, &inode);
	if (err == 0) {
		path_put(inode);
		return -EEXIST;
	}
	if (err != -ENOENT)
		return err;
	return walk->must_be_dir && !directory ? -ENOENT : path_begin_write(walk);
}

static int make(struct file *dir, const char *path, unsigned mode)
{
	struct path_walk walk;
	struct inode *inode;
	int err = begin_new(&walk, dir, path, S_ISDIR(mode));

	if (err == 0)
		err = may_create(walk.dir);
	if (err == 0)
		err = path_create(&walk, mode, &inode);
	if (err == 0)
		path_put(inode);
	path_end(&walk);
	return err;
}

int fs_mkdir(struct file *dir, const char *path, unsigned mode)
{
	return make(dir, path, S_IFDIR | (mode & MKDIR_MODE));
}

/* As on Linux, the path is looked at before what may not be made there. */
static int make_special(struct file *dir, const char *path, unsigned mode, uint64_t rdev)
{
	struct path_walk walk;
	int err = begin_new(&walk, dir, path, false);

	if (err == 0)
		err = may_create(walk.dir);
	if (err == 0 && (S_ISCHR(mode) || S_ISBLK(mode)) && !capable(CAP_MKNOD))
		err = -EPERM;
	if (err == 0 && !walk.dir->ops->mknod)
		err = -EPERM;
	if (err == 0)
		err = walk.dir->ops->mknod(walk.dir, walk.last.name, walk.last.len, mode, rdev);
	if (err == 0)
		notify_name(walk.dir, walk.last.name, walk.last.len, mode);
	path_end(&walk);
	return err;
}

int fs_may_mknod(unsigned mode)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

int fs_mknod(struct file *dir, const char *path, unsigned mode, uint64_t rdev)
{
	int err = fs_may_mknod(mode);

	if (err)
		return err;
	if (S_ISREG(mode) || (mode & S_IFMT) == 0)
		return make(dir, path, S_IFREG | (mode & S_IALLUGO));
	return make_special(dir, path, mode & (S_IFMT | S_IALLUGO), rdev);
}

int fs_serve(struct file *dir, const char *path, unsigned mode, struct file *send)
{
	struct path_walk walk;
	int err = begin_new(&walk, dir, path, false);

	if (err == 0)
		err = may_create(walk.dir);
	if (err == 0 && !walk.dir->ops->serve)
		err = -EPERM;
	if (err == 0)
		err = walk.dir->ops->serve(walk.dir, walk.last.name, walk.last.len, mode, send);
	if (err == 0)
		notify_name(walk.dir, walk.last.name, walk.last.len, S_IFCHR);
	path_end(&walk);
	return err;
}

int fs_symlink(const char *target, struct file *dir, const char *path)
{
	struct path_walk walk;
	int err = begin_new(&walk, dir, path, false);

	if (err == 0)
		err = may_create(walk.dir);
	if (err == 0 && !walk.dir->ops->symlink)
		err = -EPERM;
	if (err == 0)
		err = walk.dir->ops->symlink(walk.dir, walk.last.name, walk.last.len, target,
					     strlen(target));
	if (err == 0)
		notify_name(walk.dir, walk.last.name, walk.last.len, S_IFLNK);
	path_end(&walk);
	return err;
}

static int link_inode(struct inode *inode, struct file *new_dir, const char *new_path)
{
	struct path_walk walk;
	int err = begin_new(&walk, new_dir, new_path, false);

	if (err == 0 && inode->mount != walk.dir->mount)
		err = -EXDEV;
	if (err == 0)
		err = may_link(inode);
	if (err == 0)
		err = may_create(walk.dir);
	if (err == 0 && (S_ISDIR(inode->mode) || !walk.dir->ops->link))
		err = -EPERM;
	if (err == 0)
		err = walk.dir->ops->link(walk.dir, walk.last.name, walk.last.len, inode);
	if (err == 0) {
		notify_own(inode, IN_ATTRIB);
		notify_name(walk.dir, walk.last.name, walk.last.len, inode->mode);
	}
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
	path_put(inode);
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
	int err = mount_may_write(walk->dir->mount);

	if (err == 0)
		err = path_find(walk->dir, walk->last.name, walk->last.len, &inode);
	if (err)
		return err;
	err = S_ISDIR(inode->mode) ? -EISDIR : -ENOTDIR;
	path_put(inode);
	return err;
}

/* In a file system whose names stay as they are: chooses the error. */
static int fixed_name_remove(struct inode *dir, const struct path_part *last, bool directory)
{
	struct inode *inode;
	bool is_dir;
	int err = path_find(dir, last->name, last->len, &inode);

	if (err)
		return err;
	is_dir = S_ISDIR(inode->mode);
	err = may_delete(dir, inode);
	path_put(inode);
	if (err)
		return err;
	if (is_dir != directory)
		return is_dir ? -EISDIR : -ENOTDIR;
	return -EPERM;
}

/* Removes the walk's last name. As on Linux, -EROFS comes before -ENOENT. */
static int remove_last(struct path_walk *walk, bool directory)
{
	const struct path_part *last = &walk->last;
	struct inode *gone = NULL;
	int err = path_begin_write(walk);

	if (err)
		return err;
	if (last->len > NAME_MAX)
		return -ENAMETOOLONG;
	if (!walk->dir->ops->remove)
		return fixed_name_remove(walk->dir, last, directory);
	err = walk->dir->ops->remove(walk->dir, last->name, last->len, directory, &gone);
	if (err == 0)
		notify_removed(walk->dir, last->name, last->len, directory, gone);
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
		err = remove_last(&walk, false);
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
		err = remove_last(&walk, true);
	path_end(&walk);
	return err;
}

/* The checks of Linux's do_renameat2() before the directories are locked. */
static int may_rename(const struct path_walk *from, struct path_walk *to, unsigned flags)
{
	if (from->dir->mount != to->dir->mount)
		return -EXDEV;
	if (from->last.kind != PATH_NAME)
		return -EBUSY;
	if (to->last.kind != PATH_NAME)
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	return path_begin_write(to); /* which is on the same mount */
}

/* The rename is refused with `err`, but that there is no such old name comes first. */
static int after_old_name(const struct path_walk *from, int err)
{
	struct inode *inode;
	int first = path_find(from->dir, from->last.name, from->last.len, &inode);

	if (first)
		return first;
	path_put(inode);
	return err;
}

/* Not inline: two walks are too much for one stack frame. */
__attribute__((noinline)) static int rename_to(const struct path_walk *from, struct file *dir,
					       const char *path, unsigned flags)
{
	struct inode_moves moves = { 0 };
	struct path_walk to;
	int err = path_parent(&to, path_start(dir), path);

	if (err == 0)
		err = may_rename(from, &to, flags);
	if (err == 0 && (from->last.len > NAME_MAX || to.last.len > NAME_MAX))
		err = after_old_name(from, -ENAMETOOLONG);
	if (err == 0 && !from->dir->ops->rename)
		err = after_old_name(from, -EPERM);
	if (err == 0)
		err = mutex_lock_killable(&from->dir->mount->rename_lock);
	if (err == 0) {
		path_rename_begins();
		err = from->dir->ops->rename(from->dir, &from->last, to.dir, &to.last, flags,
					     &moves);
		path_rename_ended();
		mutex_unlock(&from->dir->mount->rename_lock);
		notify_renamed(from->dir, &from->last, to.dir, &to.last, &moves);
	}
	path_end(&to);
	return err;
}

int fs_check_parent(struct file *dir, const char *path)
{
	struct path_walk walk;
	int err = path_parent(&walk, path_start(dir), path);

	path_end(&walk);
	return err;
}

int fs_rename(struct file *old_dir, const char *old_path, struct file *new_dir,
	      const char *new_path, unsigned flags)
{
	struct path_walk from;
	int err = path_parent(&from, path_start(old_dir), old_path);

	if (err == 0)
		err = rename_to(&from, new_dir, new_path, flags);
	path_end(&from);
	return err;
}

int fs_stat(struct file *dir, const char *path, bool follow, struct abi_stat *st)
{
	struct inode *inode;
	bool asked;
	int err = path_lookup_asked(path_start(dir), path, follow, &inode, &asked);

	if (err)
		return err;
	err = asked ? inode->ops->getattr_asked(inode, st) : inode->ops->getattr(inode, st);
	path_put(inode);
	return err;
}

ssize_t fs_readlink(struct file *dir, const char *path, char *buf)
{
	struct inode *inode;
	ssize_t len = path_lookup(path_start(dir), path, false, &inode);

	if (len != 0)
		return len;
	len = S_ISLNK(inode->mode) ? inode->ops->readlink(inode, buf) : -EINVAL;
	path_put(inode);
	return len;
}

ssize_t fs_readlink_file(struct file *file, char *buf)
{
	if (!file->ops->has_inode || !S_ISLNK(file_inode(file)->mode))
		return -ENOENT;
	return file_inode(file)->ops->readlink(file_inode(file), buf);
}

ssize_t fs_getcwd(struct file *dir, char *buf, size_t size)
{
	struct inode *inode = path_start(dir);

	if (!inode || !S_ISDIR(inode->mode))
		return -ENOTDIR;
	return inode_path(inode, buf, size);
}
