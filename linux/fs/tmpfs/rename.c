/* SPDX-License-Identifier: MIT */
/* Renames: a name moves, replaces another, or two names exchange their inodes. */
#include "linux/fs/tmpfs/rename.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* One end of a rename: a name in a directory, and what it named when this looked. */
struct end {
	struct inode *dir;
	const struct path_part *part;
	struct inode *inode; /* referenced; NULL: there is no such name */
};

struct rename {
	struct end from, to;
	unsigned flags;
	struct name *fresh; /* becomes the new name */
	/* What is to be freed when names_lock is not held any more: names, and former parents. */
	struct name *old, *replaced;
	struct inode *left[2];
	struct inode_moves *moves;
};

static bool exchanges(const struct rename *r)
{
	return (r->flags & RENAME_EXCHANGE) != 0;
}

static bool rename_is_dir(const struct inode *inode)
{
	return S_ISDIR(inode->mode);
}

/*
 * Is `above` the directory `dir`, or one that dir is in? No lock is needed: parents change only
 * under the mount's rename_lock, which the caller holds, and a directory keeps its parent alive.
 */
static bool is_at_or_above(const struct inode *above, struct inode *dir)
{
	for (;;) {
		struct inode *parent = to_node(dir)->dir.parent;

		if (dir == above)
			return true;
		if (parent == dir)
			return false;
		dir = parent;
		(void)vm_pause();
	}
}

/* The checks that need no lock, in Linux's order. */
static int rename_refusal(const struct rename *r)
{
	const struct inode *from = r->from.inode, *to = r->to.inode;

	if (!from)
		return -ENOENT;
	if ((r->flags & RENAME_NOREPLACE) && to)
		return -EEXIST;
	if (exchanges(r) && !to)
		return -ENOENT;
	if (exchanges(r) && !rename_is_dir(to) && r->to.part->slash)
		return -ENOTDIR;
	if (!rename_is_dir(from) && (r->from.part->slash || (!exchanges(r) && r->to.part->slash)))
		return -ENOTDIR;
	if (is_at_or_above(from, r->to.dir))
		return -EINVAL;
	if (to && is_at_or_above(to, r->from.dir))
		return exchanges(r) ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/* May the thread do that with the names, and with the entries ".." of directories that move? */
static int rename_permission(const struct rename *r)
{
	const struct inode *from = r->from.inode, *to = r->to.inode;
	bool moves = r->from.dir != r->to.dir;
	int err = may_delete(r->from.dir, from);

	if (err == 0)
		err = to ? may_delete(r->to.dir, to) : may_create(r->to.dir);
	if (err == 0 && moves && rename_is_dir(from))
		err = inode_permission(from, MAY_WRITE);
	if (err == 0 && moves && exchanges(r) && rename_is_dir(to))
		err = inode_permission(to, MAY_WRITE);
	return err;
}

/*
 * The checks of what is replaced, and of mounts, which others may change until names_lock is held.
 */
static int rename_refusal_locked(const struct rename *r)
{
	struct inode *from = r->from.inode, *to = r->to.inode;

	assert_hardened(spin_lock_held(&names_lock));
	if (!to && to_node(r->to.dir)->dir.dead)
		return -ENOENT;
	if (to && !exchanges(r) && rename_is_dir(from) != rename_is_dir(to))
		return rename_is_dir(to) ? -EISDIR : -ENOTDIR;
	if (atomic_load(&from->cover) || (to && atomic_load(&to->cover)))
		return -EBUSY;
	return to && !exchanges(r) && rename_is_dir(to) && to_node(to)->dir.count != 0 ? -ENOTEMPTY
										       : 0;
}

/*
 * Tells a directory of its new parent. Returns the former one, whose reference is not needed now.
 */
static struct inode *change_parent_locked(struct inode *dir, struct inode *from, struct inode *to)
{
	assert_hardened(spin_lock_held(&names_lock));
	if (!rename_is_dir(dir))
		return NULL;
	dir_moves++;
	from->nlink--;
	to->nlink++;
	inode_get(to);
	to_node(dir)->dir.parent = to;
	return from;
}

static void move_locked(struct rename *r, struct name *old, struct name *replaced)
{
	struct inode *inode = r->from.inode;

	assert_hardened(spin_lock_held(&names_lock));
	if (replaced)
		dir_take_out_locked(r->to.dir, replaced);
	dir_unlink_locked(r->from.dir, old);
	r->fresh->inode = inode;
	r->fresh->id = old->id;
	dir_link_locked(r->to.dir, r->fresh);
	r->left[0] = change_parent_locked(inode, r->from.dir, r->to.dir);
	r->fresh = NULL;
	r->old = old;
	r->replaced = replaced;
}

static void exchange_locked(struct rename *r, struct name *from, struct name *to)
{
	uint32_t id = from->id;

	assert_hardened(spin_lock_held(&names_lock));
	from->id = to->id;
	to->id = id;
	dir_unlink_locked(r->from.dir, from);
	dir_unlink_locked(r->to.dir, to);
	from->inode = r->to.inode;
	to->inode = r->from.inode;
	dir_link_locked(r->from.dir, from);
	dir_link_locked(r->to.dir, to);
	r->left[0] = change_parent_locked(r->from.inode, r->from.dir, r->to.dir);
	r->left[1] = change_parent_locked(r->to.inode, r->to.dir, r->from.dir);
}

static struct name *name_at_locked(const struct end *end)
{
	return dir_name_locked(end->dir, end->part->name, end->part->len);
}

/* Returns -EAGAIN if one of the names has changed since the checks. */
static int rename_locked(struct rename *r)
{
	struct name *from = name_at_locked(&r->from), *to = name_at_locked(&r->to);
	int err;

	assert_hardened(spin_lock_held(&names_lock));
	if (!from || from->inode != r->from.inode || (to ? to->inode : NULL) != r->to.inode)
		return -EAGAIN;
	err = rename_refusal_locked(r);
	if (err)
		return err;
	if (exchanges(r))
		exchange_locked(r, from, to);
	else
		move_locked(r, from, to);
	return 0;
}

static void rename_times_update(const struct rename *r)
{
	inode_changed_now(r->from.dir);
	inode_changed_now(r->to.dir);
	inode_meta_now(r->from.inode);
	if (r->to.inode)
		inode_meta_now(r->to.inode);
}

/* Makes the new name. It counts for the old one, so the quota has nothing to say. */
static int prepare(struct rename *r)
{
	const struct path_part *part = r->to.part;

	if (exchanges(r))
		return 0;
	r->fresh = mem_wait_kmalloc(sizeof(*r->fresh) + part->len);
	if (!r->fresh)
		return -ENOMEM;
	r->fresh->len = (uint32_t)part->len;
	memcpy(r->fresh->text, part->name, part->len);
	return 0;
}

/* Frees what is left over. The inode's reference has gone from the old name to the new one. */
static void rename_finish(struct rename *r)
{
	if (r->replaced)
		inode_put(dir_name_free(r->to.dir, r->replaced));
	kfree(r->old);
	kfree(r->fresh);
	for (unsigned i = 0; i < ARRAY_SIZE(r->left); i++)
		inode_put(r->left[i]);
}

static void tell_moves(struct rename *r)
{
	struct inode *from = r->from.inode, *to = r->to.inode;

	inode_get(from);
	*r->moves = (struct inode_moves){ .type = from->mode & S_IFMT, .moved = from, .other = to };
	if (!to)
		return;
	inode_get(to);
	if (exchanges(r))
		r->moves->other_type = to->mode & S_IFMT;
}

/* Returns -EAGAIN if another thread has changed one of the names meanwhile. */
static int rename_once(struct rename *r)
{
	int err = rename_refusal(r);

	/* As on Linux, nothing is done if both are names of one file. */
	if (err || r->from.inode == r->to.inode)
		return err;
	err = rename_permission(r);
	if (err == 0)
		err = prepare(r);
	if (err)
		return err;
	spin_lock(&names_lock);
	err = rename_locked(r);
	spin_unlock(&names_lock);
	if (err == 0) {
		rename_times_update(r);
		tell_moves(r);
	}
	rename_finish(r);
	return err;
}

static struct inode *rename_find(const struct end *end)
{
	return dir_find(end->dir, end->part->name, end->part->len);
}

int tmpfs_rename(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
		 const struct path_part *new, unsigned flags, struct inode_moves *moves)
{
	int err;

	do {
		struct rename r = {
			.from = { .dir = old_dir, .part = old },
			.to = { .dir = new_dir, .part = new },
			.flags = flags,
			.moves = moves,
		};

		r.from.inode = rename_find(&r.from);
		r.to.inode = rename_find(&r.to);
		err = rename_once(&r);
		inode_put(r.from.inode);
		inode_put(r.to.inode);
	} while (err == -EAGAIN);
	return err;
}
