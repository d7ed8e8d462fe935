/* SPDX-License-Identifier: MIT */
/* Follows paths through the tree, component by component. */
#include "fs/path.h"

#include "abi/errno.h"
#include "fs/tmpfs/dir.h"
#include "fs/tmpfs/tmpfs.h"

/* Moves the walk to another directory and takes over the reference to it. */
static void walk_to(struct path_walk *walk, struct inode *inode)
{
	inode_put(walk->dir);
	walk->dir = inode;
}

static void walk_to_root(struct path_walk *walk)
{
	inode_get(tmpfs_root());
	walk_to(walk, tmpfs_root());
}

struct inode *path_start(struct file *dir)
{
	if (!dir)
		return tmpfs_root();
	return dir->ops->has_inode ? file_inode(dir) : NULL;
}

void path_begin(struct path_walk *walk, struct inode *start, const char *path)
{
	walk->dir = *path == '/' ? tmpfs_root() : start;
	if (walk->dir)
		inode_get(walk->dir);
	walk->must_be_dir = false;
	walk->rest = path;
	walk->link = NULL;
	walk->nlinks = 0;
	walk->depth = 0;
}

static void pop_outer(struct path_walk *walk)
{
	inode_put(walk->link);
	walk->depth--;
	walk->rest = walk->outer[walk->depth].rest;
	walk->link = walk->outer[walk->depth].link;
}

void path_end(struct path_walk *walk)
{
	while (walk->depth > 0)
		pop_outer(walk);
	inode_put(walk->link);
	inode_put(walk->dir);
}

/*
 * Continues the walk in the link's target and takes over the reference to the link. The rest of the
 * current string follows afterwards. A string that is used up is not kept, so a chain of links at
 * the end of a path takes no depth.
 */
static int enter_link(struct path_walk *walk, struct inode *link)
{
	if (walk->nlinks == ABI_SYMLINK_MAX || link->target[0] == '\0') {
		inode_put(link);
		return walk->nlinks == ABI_SYMLINK_MAX ? -ELOOP : -ENOENT;
	}
	walk->nlinks++;
	if (*walk->rest != '\0') {
		walk->outer[walk->depth].rest = walk->rest;
		walk->outer[walk->depth].link = walk->link;
		walk->depth++;
	} else {
		inode_put(walk->link);
	}
	walk->link = link;
	walk->rest = link->target;
	if (*walk->rest == '/')
		walk_to_root(walk);
	return PATH_AGAIN;
}

int path_last(struct path_walk *walk, bool follow, struct inode **inode_ret)
{
	const struct path_part *last = &walk->last;
	struct inode *inode = walk->dir;

	if (!S_ISDIR(walk->dir->mode))
		return -ENOTDIR;
	switch (last->kind) {
	case PATH_ROOT:
	case PATH_DOT:
		inode_get(inode);
		break;
	case PATH_DOTDOT:
		inode = dir_parent(walk->dir);
		break;
	case PATH_NAME:
		if (last->len > NAME_MAX)
			return -ENAMETOOLONG;
		inode = dir_find(walk->dir, last->name, last->len);
		if (inode && S_ISLNK(inode->mode) && (follow || last->slash))
			return enter_link(walk, inode);
		break;
	}
	*inode_ret = inode;
	return 0;
}

int path_to_last(struct path_walk *walk)
{
	struct inode *inode;
	int err;

	if (!walk->dir)
		return -ENOTDIR;
	for (;;) {
		while (*walk->rest == '\0' && walk->depth > 0)
			pop_outer(walk);
		walk->rest = path_part_next(walk->rest, &walk->last);
		if (*walk->rest == '\0' && walk->depth == 0)
			break;
		err = path_last(walk, true, &inode);
		if (err == PATH_AGAIN)
			continue;
		if (err)
			return err;
		if (!inode)
			return -ENOENT;
		walk_to(walk, inode);
	}
	walk->must_be_dir |= walk->last.slash;
	return S_ISDIR(walk->dir->mode) ? 0 : -ENOTDIR;
}

int path_lookup(struct inode *start, const char *path, bool follow, struct inode **inode_ret)
{
	struct inode *inode = NULL;
	struct path_walk walk;
	int err;

	path_begin(&walk, start, path);
	do {
		err = path_to_last(&walk);
		if (err == 0)
			err = path_last(&walk, follow, &inode);
	} while (err == PATH_AGAIN);
	path_end(&walk);
	if (err)
		return err;
	if (!inode)
		return -ENOENT;
	if (walk.must_be_dir && !S_ISDIR(inode->mode)) {
		inode_put(inode);
		return -ENOTDIR;
	}
	*inode_ret = inode;
	return 0;
}

int path_parent(struct path_walk *walk, struct inode *start, const char *path)
{
	path_begin(walk, start, path);
	return path_to_last(walk);
}
