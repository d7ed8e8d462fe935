/* SPDX-License-Identifier: MIT */
/* Follows paths through the tree, component by component. */
#include "fs/path.h"

#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/process_fs.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* Moves the walk to another directory and takes over the reference to it. */
static void walk_to(struct path_walk *walk, struct inode *inode)
{
	path_put(walk->dir);
	walk->dir = inode;
}

static void walk_to_root(struct path_walk *walk)
{
	path_get(walk->root);
	walk_to(walk, walk->root);
}

struct inode *path_start(struct file *dir)
{
	if (!dir)
		return process_root();
	return dir->ops->has_inode ? file_inode(dir) : NULL;
}

void path_begin(struct path_walk *walk, struct inode *start, const char *path)
{
	walk->root = process_root();
	walk->dir = *path == '/' ? walk->root : start;
	if (walk->dir)
		path_get(walk->dir);
	walk->must_be_dir = false;
	walk->jumped = false;
	walk->asked = false;
	walk->writing = NULL;
	walk->rest = path;
	walk->text = NULL;
	walk->nlinks = 0;
	walk->depth = 0;
}

static void pop_outer(struct path_walk *walk)
{
	kfree(walk->text);
	walk->depth--;
	walk->rest = walk->outer[walk->depth].rest;
	walk->text = walk->outer[walk->depth].text;
}

void path_end(struct path_walk *walk)
{
	while (walk->depth > 0)
		pop_outer(walk);
	kfree(walk->text);
	if (unlikely(walk->writing))
		path_end_write(walk);
	path_put(walk->dir);
}

/*
 * Continues the walk in the link's target. The rest of the current string follows afterwards. A
 * string that is used up is not kept, so a chain of links at the end of a path takes no depth.
 */
static int enter_link(struct path_walk *walk, struct inode *link)
{
	char *target;
	ssize_t len;

	if (walk->nlinks == ABI_SYMLINK_MAX)
		return -ELOOP;
	target = mem_wait_kmalloc(PATH_MAX);
	if (!target)
		return -ENOMEM;
	len = link->ops->readlink(link, target);
	if (len <= 0) {
		kfree(target);
		return len < 0 ? (int)len : -ENOENT;
	}
	walk->nlinks++;
	if (*walk->rest != '\0') {
		walk->outer[walk->depth].rest = walk->rest;
		walk->outer[walk->depth].text = walk->text;
		walk->depth++;
	} else {
		kfree(walk->text);
	}
	walk->text = target;
	walk->rest = target;
	if (*target == '/')
		walk_to_root(walk);
	return PATH_AGAIN;
}

/* Goes to where a link of that kind leads. Returns 0 and the inode, as by path_get(). */
static int jump(struct path_walk *walk, struct inode *link, struct inode **inode_ret)
{
	if (walk->nlinks == ABI_SYMLINK_MAX)
		return -ELOOP;
	walk->nlinks++;
	walk->jumped = true;
	return link->ops->follow(link, inode_ret);
}

/* Returns as path_last(), and drops the reference to the link. */
static __attribute__((noinline)) int follow_link(struct path_walk *walk, struct inode *link,
						 struct inode **inode_ret)
{
	int err = link->ops->follow ? jump(walk, link, inode_ret) : enter_link(walk, link);

	path_put(link);
	return err;
}

/* What is above the root is the root. As on Linux, what covers that is entered even so. */
static struct inode *find_parent(const struct path_walk *walk)
{
	struct inode *dir = walk->dir, *parent;

	path_get(dir);
	mount_leave(&dir, walk->root);
	if (dir == walk->root) {
		parent = dir;
	} else {
		parent = dir->ops->parent(dir);
		mount_get(parent->mount);
		path_put(dir);
	}
	mount_enter(&parent);
	return parent;
}

int path_find(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	int err;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	err = dir->ops->lookup(dir, name, len, inode_ret);
	if (err)
		return err;
	mount_get((*inode_ret)->mount);
	mount_enter(inode_ret);
	return 0;
}

/* Like path_find(), but returns 0 and NULL if there is no such name. */
static int find_if_there(struct path_walk *walk, struct inode **inode_ret)
{
	int err = path_find(walk->dir, walk->last.name, walk->last.len, inode_ret);

	if (err == 0 && unlikely(atomic_load_relaxed(&(*inode_ret)->asked)))
		walk->asked = atomic_exchange(&(*inode_ret)->asked, 0) != 0;
	if (err != -ENOENT)
		return err;
	*inode_ret = NULL;
	return 0;
}

int path_last(struct path_walk *walk, bool follow, struct inode **inode_ret)
{
	struct inode *inode = NULL;
	int err = 0;

	walk->jumped = false;
	walk->asked = false;
	if (!S_ISDIR(walk->dir->mode))
		return -ENOTDIR;
	switch (walk->last.kind) {
	case PATH_ROOT:
	case PATH_DOT:
		inode = walk->dir;
		path_get(inode);
		break;
	case PATH_DOTDOT:
		inode = find_parent(walk);
		break;
	case PATH_NAME:
		err = find_if_there(walk, &inode);
		break;
	}
	if (err)
		return err;
	if (inode && S_ISLNK(inode->mode) && (follow || walk->last.slash))
		return follow_link(walk, inode, inode_ret);
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

static inline int whole_walk(struct path_walk *walk, struct inode *start, const char *path,
			     bool follow, struct inode **inode_ret)
{
	struct inode *inode = NULL;
	int err;

	path_begin(walk, start, path);
	do {
		err = path_to_last(walk);
		if (err == 0)
			err = path_last(walk, follow, &inode);
	} while (err == PATH_AGAIN);
	path_end(walk);
	if (err)
		return err;
	if (!inode)
		return -ENOENT;
	if (walk->must_be_dir && !S_ISDIR(inode->mode)) {
		path_put(inode);
		return -ENOTDIR;
	}
	*inode_ret = inode;
	return 0;
}

int path_lookup(struct inode *start, const char *path, bool follow, struct inode **inode_ret)
{
	struct path_walk walk;

	return whole_walk(&walk, start, path, follow, inode_ret);
}

int path_lookup_asked(struct inode *start, const char *path, bool follow, struct inode **inode_ret,
		      bool *asked_ret)
{
	struct path_walk walk;
	int err = whole_walk(&walk, start, path, follow, inode_ret);

	*asked_ret = walk.asked;
	return err;
}

int path_parent(struct path_walk *walk, struct inode *start, const char *path)
{
	path_begin(walk, start, path);
	return path_to_last(walk);
}

int path_begin_write(struct path_walk *walk)
{
	struct mount *mount = walk->dir->mount;
	int err = mount ? mount_begin_write(mount) : 0;

	assert_hardened(!walk->writing);
	if (err == 0)
		walk->writing = mount;
	return err;
}

void path_end_write(struct path_walk *walk)
{
	if (walk->writing)
		mount_end_write(walk->writing);
	walk->writing = NULL;
}

int path_create(struct path_walk *walk, unsigned mode, struct inode **inode_ret)
{
	struct inode *dir = walk->dir;
	int err;

	if (!dir->ops->create)
		return -EPERM;
	err = dir->ops->create(dir, walk->last.name, walk->last.len, mode, inode_ret);
	if (err == 0)
		mount_get((*inode_ret)->mount);
	return err;
}
