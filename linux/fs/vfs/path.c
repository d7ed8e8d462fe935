/* SPDX-License-Identifier: MIT */
/* Paths: taken apart, followed through the tree, made at boot, and put together from their end. */
#include "linux/fs/vfs/path.h"

#include "abi/errno.h"
#include "abi/openat2.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/permission.h"
#include "linux/fs/vfs/process_fs.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* path_last() entered a symbolic link: the walk goes on there. */
#define PATH_AGAIN  1
#define UNREACHABLE "(unreachable)"

/* ---- components ---- */

static const char *skip_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

static enum path_kind kind_of(const char *name, size_t len)
{
	if (len == 0)
		return PATH_ROOT;
	if (len == 1 && name[0] == '.')
		return PATH_DOT;
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return PATH_DOTDOT;
	return PATH_NAME;
}

const char *path_part_next(const char *path, struct path_part *part)
{
	const char *s = skip_slashes(path);

	part->name = s;
	while (*s != '\0' && *s != '/')
		s++;
	part->len = (size_t)(s - part->name);
	part->slash = *s == '/';
	part->kind = kind_of(part->name, part->len);
	return skip_slashes(s);
}

/* ---- a walk along a path ---- */

/* A walk below a start does not see that a directory on its way is moved out of there. */
static uint64_t renames_begun, path_renames_ended; /* atomic */

void path_rename_begins(void)
{
	atomic_add(&renames_begun, 1);
}

void path_rename_ended(void)
{
	atomic_add(&path_renames_ended, 1);
}

/* Moves the walk to another directory and takes over the reference to it. */
static void path_walk_to(struct path_walk *walk, struct inode *inode)
{
	path_put(walk->dir);
	walk->dir = inode;
}

static void path_walk_to_root(struct path_walk *walk)
{
	path_get(walk->root);
	path_walk_to(walk, walk->root);
	walk->rooted = true;
}

struct inode *path_start(struct file *dir)
{
	if (!dir)
		return mount_tree_root();
	return dir->ops->has_inode ? file_inode(dir) : NULL;
}

static void path_begin(struct path_walk *walk, struct inode *start, const char *path)
{
	walk->held = process_root();
	walk->root = walk->held ?: mount_tree_root();
	walk->dir = *path == '/' ? walk->root : start;
	if (walk->dir)
		path_get(walk->dir);
	walk->must_be_dir = false;
	walk->jumped = false;
	walk->rooted = *path == '/';
	walk->asked = false;
	walk->writing = NULL;
	walk->resolve = 0;
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
	path_put(walk->held);
}

/*
 * The link leads to the root. Does openat2 permit that? As on Linux, RESOLVE_NO_XDEV does not where the walk has had nothing
 * to do with the root before, even if that is on the same mount.
 */
static int may_go_to_root(const struct path_walk *walk)
{
	if (walk->resolve & RESOLVE_BENEATH)
		return -EXDEV;
	return (walk->resolve & RESOLVE_NO_XDEV) &&
			       (!walk->rooted || walk->dir->mount != walk->root->mount)
		       ? -EXDEV
		       : 0;
}

/*
 * Continues the walk in the link's target. The rest of the current string follows afterwards. A
 * string that is used up is not kept, so a chain of links at the end of a path takes no depth.
 */
static int enter_link(struct path_walk *walk, struct inode *link)
{
	char *target;
	ssize_t len;

	target = mem_wait_kmalloc(PATH_MAX);
	if (!target)
		return -ENOMEM;
	len = link->ops->readlink(link, target);
	if (len <= 0) {
		kfree(target);
		return len < 0 ? (int)len : -ENOENT;
	}
	if (*target == '/' && unlikely(walk->resolve)) {
		int err = may_go_to_root(walk);

		if (err) {
			kfree(target);
			return err;
		}
	}
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
		path_walk_to_root(walk);
	return PATH_AGAIN;
}

/* Goes to where a link of that kind leads. Returns 0 and the inode, as by path_get(). */
static int jump(struct path_walk *walk, struct inode *link, struct inode **inode_ret)
{
	int err;

	walk->jumped = true;
	if (walk->resolve & RESOLVE_NO_MAGICLINKS)
		return -ELOOP;
	err = link->ops->follow(link, inode_ret);
	if (err || !walk->resolve)
		return err;
	if ((walk->resolve & RESOLVE_SCOPED) ||
	    ((walk->resolve & RESOLVE_NO_XDEV) && (*inode_ret)->mount != walk->dir->mount)) {
		path_put(*inode_ret);
		return -EXDEV;
	}
	return 0;
}

/* Returns as path_last(), and drops the reference to the link. `at_end`: of the path, or of a target there. */
static __attribute__((noinline)) int follow_link(struct path_walk *walk, struct inode *link,
						 bool at_end, struct inode **inode_ret)
{
	int err = walk->nlinks++ < ABI_SYMLINK_MAX ? 0 : -ELOOP;

	if (walk->resolve & RESOLVE_NO_SYMLINKS)
		err = -ELOOP;
	if (err == 0 && at_end)
		err = may_follow_link(walk->dir, link);
	if (err == 0)
		err = link->ops->follow && !(walk->resolve && link->ops->shortcut)
			      ? jump(walk, link, inode_ret)
			      : enter_link(walk, link);
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

/*
 * Does openat2 permit ".." here? Beyond the start it does not lead. If a directory was moved meanwhile,
 * the walk may have passed the start by.
 */
static int may_go_up(struct path_walk *walk)
{
	struct inode *dir = walk->dir;
	bool at_root;

	walk->rooted = true;
	if (!(walk->resolve & RESOLVE_SCOPED))
		return 0;
	if (atomic_load(&renames_begun) != walk->renames)
		return -EAGAIN;
	path_get(dir);
	mount_leave(&dir, walk->root);
	at_root = dir == walk->root;
	path_put(dir);
	return at_root && (walk->resolve & RESOLVE_BENEATH) ? -EXDEV : 0;
}

/* Does openat2 permit that the walk's last component leads to the inode? NULL: there is none yet. */
static __attribute__((noinline)) int may_enter(const struct path_walk *walk,
					       const struct inode *inode)
{
	const struct mount *mount = inode ? inode->mount : walk->dir->mount;

	if ((walk->resolve & RESOLVE_NO_XDEV) && mount != walk->dir->mount)
		return -EXDEV;
	return (walk->resolve & RESOLVE_CACHED) && mount && mount->type->abort ? -EAGAIN : 0;
}

/*
 * Looks up the last component. Returns 0 and the inode, or NULL if walk->dir has no such name. Returns PATH_AGAIN if it
 * entered a link: it does so if `follow` is set, or if a slash follows its name or that of a link that led to it.
 * path_to_last() goes on from there.
 */
static int path_last(struct path_walk *walk, bool follow, bool at_end, struct inode **inode_ret)
{
	struct inode *inode = NULL;
	int err = 0;

	walk->jumped = false;
	walk->asked = false;
	switch (walk->last.kind) {
	case PATH_ROOT:
	case PATH_DOT:
		inode = walk->dir;
		path_get(inode);
		break;
	case PATH_DOTDOT:
		err = walk->resolve ? may_go_up(walk) : 0;
		if (err == 0)
			inode = find_parent(walk);
		break;
	case PATH_NAME:
		err = find_if_there(walk, &inode);
		break;
	}
	if (err)
		return err;
	if (unlikely(walk->resolve)) {
		err = may_enter(walk, inode);
		if (err) {
			path_put(inode);
			return err;
		}
	}
	if (inode && S_ISLNK(inode->mode) && (follow || walk->last.slash || walk->must_be_dir))
		return follow_link(walk, inode, at_end, inode_ret);
	*inode_ret = inode;
	return 0;
}

/* Walks to the last component of what is left of the path. Sets walk->dir, last and must_be_dir. */
static int path_to_last(struct path_walk *walk)
{
	struct inode *inode;
	int err;

	if (!walk->dir)
		return -ENOTDIR;
	for (;;) {
		while (*walk->rest == '\0' && walk->depth > 0)
			pop_outer(walk);
		walk->rest = path_part_next(walk->rest, &walk->last);
		err = walk->last.kind == PATH_ROOT ? 0 : may_search(walk->dir);
		if (err)
			return err;
		if (*walk->rest == '\0' && walk->depth == 0)
			break;
		err = path_last(walk, true, false, &inode);
		if (err == PATH_AGAIN)
			continue;
		if (err)
			return err;
		if (!inode)
			return -ENOENT;
		path_walk_to(walk, inode);
	}
	walk->must_be_dir |= walk->last.slash;
	return 0;
}

int path_parent(struct path_walk *walk, struct inode *start, const char *path)
{
	path_begin(walk, start, path);
	return path_to_last(walk);
}

/* The walk's start becomes its root, and also the root of links. */
static void make_start_root(struct path_walk *walk, struct inode *start)
{
	path_get(start);
	path_put(walk->held);
	walk->held = walk->root = start;
	walk->rooted = true;
	walk->renames = atomic_load(&path_renames_ended);
	path_get(start);
	path_walk_to(walk, start);
}

int path_parent_resolve(struct path_walk *walk, struct inode *start, const char *path,
			unsigned resolve)
{
	path_begin(walk, start, path);
	walk->resolve = resolve;
	if (*path == '/' && (resolve & RESOLVE_BENEATH))
		return -EXDEV;
	if ((resolve & RESOLVE_SCOPED) && start)
		make_start_root(walk, start);
	return path_to_last(walk);
}

int path_follow(struct path_walk *walk, bool follow, bool creates, struct inode **inode_ret)
{
	int err;

	do {
		if (creates && walk->last.kind == PATH_NAME && walk->must_be_dir)
			return -EISDIR;
		err = path_last(walk, follow, true, inode_ret);
		if (err != PATH_AGAIN)
			return err;
		err = path_to_last(walk);
	} while (err == 0);
	return err;
}

static inline int whole_walk(struct path_walk *walk, struct inode *start, const char *path,
			     bool follow, struct inode **inode_ret)
{
	struct inode *inode = NULL;
	int err = path_parent(walk, start, path);

	if (err == 0)
		err = path_follow(walk, follow, false, &inode);
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
	if (err)
		return err;
	mount_get((*inode_ret)->mount);
	notify_name(dir, walk->last.name, walk->last.len, mode);
	return 0;
}

/* ---- files of the boot: no links are followed, and no ".." ---- */

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
	struct inode *dir, *gone = NULL;
	int err = descend(root, path, false, &dir, &last);

	if (err)
		return err;
	if (last.kind != PATH_NAME)
		err = -EINVAL;
	if (err == 0 && replace)
		err = dir_remove(dir, last.name, last.len, false, &gone);
	inode_put(gone);
	if (err == 0 || err == -ENOENT)
		err = dir_add(dir, last.name, last.len, inode, false);
	inode_put(dir);
	return err;
}

/* ---- the path of a file: the path in each mount on the way up ---- */

int path_prepend(struct path_text *text, const char *name, size_t len)
{
	if (text->at <= len)
		return -ERANGE;
	text->at -= len + 1;
	text->buf[text->at] = '/';
	memcpy(text->buf + text->at + 1, name, len);
	return 0;
}

/* Says in front of a path that it does not begin at the root. */
static int prepend_unreachable(struct path_text *text)
{
	if (text->at < strlen(UNREACHABLE))
		return -ERANGE;
	text->at -= strlen(UNREACHABLE);
	memcpy(text->buf + text->at, UNREACHABLE, strlen(UNREACHABLE));
	return 0;
}

/* Writes the path through all mounts, up to the root or as far as they go. Returns 0 or an errno. */
static int prepend_all(struct path_text *text, struct inode *inode)
{
	struct inode *root = NULL;
	int err = 0;

	path_get(inode);
	while (inode != root) {
		err = inode->ops->path(inode, text);
		if (err || text->reached)
			break;
		root = inode->mount->root;
		path_get(root);
		path_put(inode);
		inode = root;
		mount_leave(&inode, text->root);
	}
	path_put(inode);
	return err;
}

static ssize_t write_path_from(const struct inode *root, struct inode *inode, char *buf,
			       size_t size, bool says)
{
	struct path_text text = { .buf = buf, .at = size - 1, .root = root };
	size_t len;
	int err;

	if (size == 0)
		return -ERANGE;
	err = prepend_all(&text, inode);
	if (err == 0 && text.at == size - 1)
		err = path_prepend(&text, "", 0);
	if (err == 0 && says && !text.reached)
		err = prepend_unreachable(&text);
	if (err)
		return err;
	len = size - 1 - text.at;
	memmove(buf, buf + text.at, len);
	buf[len] = '\0';
	return (ssize_t)len + 1;
}

/* `says`: a path that does not begin at the root says so. Returns as inode_path(). */
static ssize_t write_path(struct inode *inode, char *buf, size_t size, bool says)
{
	struct inode *root = process_root();
	ssize_t len = write_path_from(root ?: mount_tree_root(), inode, buf, size, says);

	path_put(root);
	return len;
}

ssize_t inode_path(struct inode *inode, char *buf, size_t size)
{
	return write_path(inode, buf, size, true);
}

ssize_t inode_path_anyway(struct inode *inode, char *buf, size_t size)
{
	return write_path(inode, buf, size, false);
}

/* ---- names for lists of descriptors and mappings ---- */

size_t inode_name(struct inode *inode, char *buf, size_t size)
{
	size_t len;

	if (inode && !inode->mount) {
		len = inode->ops->label(inode, buf, size);
	} else {
		ssize_t with_nul = inode ? inode_path_anyway(inode, buf, size) : -ENOENT;

		if (with_nul > 0)
			return (size_t)with_nul - 1;
		len = str_copy(buf, "(deleted)", size);
	}
	return MIN(len, size - 1);
}
