/* SPDX-License-Identifier: MIT */
/* Adds files to a tmpfs at boot; unlike system calls it follows no links and refuses "..". */
#include "fs/make_path.h"

#include "abi/errno.h"
#include "fs/path_part.h"
#include "fs/tmpfs/dir.h"

/* Finds the directory of that name in dir, or creates it if nothing has the name. */
static int enter_or_make(struct inode *dir, const struct path_part *part, struct inode **dir_ret)
{
	struct inode *inode = dir_find(dir, part->name, part->len);
	int err = 0;

	if (!inode) {
		inode = dir_create(dir->mount, 0755);
		if (!inode)
			return -ENOMEM;
		err = dir_add(dir, part->name, part->len, inode, false);
	} else if (!S_ISDIR(inode->mode)) {
		err = -ENOTDIR;
	}
	if (err)
		inode_put(inode);
	else
		*dir_ret = inode;
	return err;
}

/*
 * Walks to the last component of path, or through it if `whole` is set. Sets *dir_ret to the
 * directory reached, referenced, and *last_ret to the component that was not entered.
 */
static int descend(struct inode *root, const char *path, bool whole, struct inode **dir_ret,
		   struct path_part *last_ret)
{
	struct inode *dir = root;
	struct path_part part;
	int err = 0;

	inode_get(dir);
	while (err == 0) {
		struct inode *next;

		path = path_part_next(path, &part);
		if (part.kind == PATH_ROOT || (*path == '\0' && !whole))
			break;
		if (part.kind == PATH_DOT)
			continue;
		err = part.kind == PATH_NAME ? enter_or_make(dir, &part, &next) : -EINVAL;
		if (err == 0) {
			inode_put(dir);
			dir = next;
		}
	}
	if (err) {
		inode_put(dir);
		return err;
	}
	*dir_ret = dir;
	*last_ret = part;
	return 0;
}

int make_directories(struct inode *root, const char *path, struct inode **dir_ret)
{
	struct path_part last;

	return descend(root, path, true, dir_ret, &last);
}

int make_path(struct inode *root, const char *path, struct inode *inode, bool replace)
{
	struct path_part last;
	struct inode *dir;
	int err = descend(root, path, false, &dir, &last);

	if (err)
		return err;
	if (last.kind != PATH_NAME)
		err = -EINVAL;
	if (err == 0 && replace)
		err = dir_remove(dir, last.name, last.len, false);
	if (err == 0 || err == -ENOENT)
		err = dir_add(dir, last.name, last.len, inode, false);
	inode_put(dir);
	return err;
}
