/* SPDX-License-Identifier: MIT */
/* Directories: names in two trees, by text for lookups and by age for getdents. */
#include "linux/fs/tmpfs/dir.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/tmpfs/room.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/mem/quota.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* What each name adds to the st_size of its directory, as on Linux's tmpfs. */
#define DIRENT_SIZE 20u

struct inode *dir_create(struct mount *mount, uint32_t mode)
{
	struct inode *inode = tmpfs_node_create(mount, S_IFDIR | (mode & S_IALLUGO), &dir_file_ops);
	struct dir *dir;

	if (!inode)
		return NULL;
	dir = &to_node(inode)->dir;
	tree_init(&dir->by_name);
	tree_init(&dir->by_order);
	dir->next_order = DIR_FIRST_POS;
	return inode;
}

struct inode *dir_create_root(struct mount *mount, uint32_t mode)
{
	struct inode *root = dir_create(mount, mode);

	if (!root)
		return NULL;
	root->nlink = 2;
	to_node(root)->dir.parent = root;
	return root;
}

/* The length is compared first: it tells most names apart at once. */
static int name_compare(const char *text, size_t len, const struct name *name)
{
	if (len != name->len)
		return len < name->len ? -1 : 1;
	return memcmp(text, name->text, len);
}

/* Finds the name. If there is none, returns NULL and the place in the tree where to insert it. */
static struct name *find_place(struct dir *dir, const char *text, size_t len,
			       struct tree_node **parent_ret, struct tree_node ***link_ret)
{
	struct tree_node **link = &dir->by_name.root;
	struct tree_node *parent = NULL;

	assert_hardened(spin_lock_held(&names_lock));
	while (*link) {
		struct name *name = tree_entry(*link, struct name, by_name);
		int order = name_compare(text, len, name);

		if (order == 0)
			return name;
		parent = *link;
		link = &parent->child[order > 0];
	}
	*parent_ret = parent;
	*link_ret = link;
	return NULL;
}

struct name *dir_name_locked(struct inode *dir, const char *text, size_t len)
{
	struct tree_node *parent, **link;

	assert_hardened(spin_lock_held(&names_lock));
	return find_place(&to_node(dir)->dir, text, len, &parent, &link);
}

struct inode *dir_find(struct inode *dir, const char *text, size_t len)
{
	struct inode *inode = NULL;
	struct name *name;

	spin_lock(&names_lock);
	name = dir_name_locked(dir, text, len);
	if (name) {
		inode = name->inode;
		inode_get(inode);
	}
	spin_unlock(&names_lock);
	return inode;
}

int dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	*inode_ret = dir_find(dir, name, len);
	return *inode_ret ? 0 : -ENOENT;
}

int dir_getattr(struct inode *dir, struct abi_stat *st)
{
	spin_lock(&names_lock);
	inode_fill_stat(dir, st);
	st->size = (int64_t)((to_node(dir)->dir.count + 2) * DIRENT_SIZE);
	spin_unlock(&names_lock);
	return 0;
}

void dir_holds(struct inode *inode)
{
	const struct dir *dir = &to_node(inode)->dir;
	struct tree_node *node;

	if (dir->parent != inode)
		inode_found(dir->parent);
	tree_for_each(node, &dir->by_order)
		inode_found(tree_entry(node, struct name, by_order)->inode);
}

struct inode *dir_parent(struct inode *dir)
{
	struct inode *parent;

	spin_lock(&names_lock);
	parent = to_node(dir)->dir.parent;
	inode_get(parent);
	spin_unlock(&names_lock);
	return parent;
}

static void insert_by_order(struct dir *dir, struct name *name)
{
	struct tree_node *last = tree_last(&dir->by_order);

	name->order = dir->next_order++;
	tree_insert(&dir->by_order, &name->by_order, last,
		    last ? &last->child[1] : &dir->by_order.root);
}

void dir_link_locked(struct inode *dir, struct name *name)
{
	struct dir *names = &to_node(dir)->dir;
	struct tree_node *parent, **link;

	assert_hardened(spin_lock_held(&names_lock));
	assert(!find_place(names, name->text, name->len, &parent, &link));
	tree_insert(&names->by_name, &name->by_name, parent, link);
	insert_by_order(names, name);
	names->count++;
	name->dir = dir;
	list_add_tail(&to_node(name->inode)->names, &name->same);
}

void dir_unlink_locked(struct inode *dir, struct name *name)
{
	struct dir *names = &to_node(dir)->dir;

	assert_hardened(spin_lock_held(&names_lock));
	tree_erase(&names->by_name, &name->by_name);
	tree_erase(&names->by_order, &name->by_order);
	names->count--;
	list_del(&name->same);
}

/* Updates the counts of links, and a directory's link to its parent, for a new name. */
static void count_link_locked(struct inode *dir, struct inode *inode)
{
	assert_hardened(spin_lock_held(&names_lock));
	if (!S_ISDIR(inode->mode)) {
		inode->nlink++;
		return;
	}
	inode->nlink = 2;
	to_node(inode)->dir.parent = dir;
	inode_get(dir);
	dir->nlink++;
}

/* Names are not so many that one with the number of another, after all were used, is met. */
static uint32_t next_id_locked(void)
{
	static uint32_t last_id; /* guarded by names_lock */

	assert_hardened(spin_lock_held(&names_lock));
	if (++last_id >= FILE_NAMELESS)
		last_id = 1;
	return last_id;
}

static int dir_add_locked(struct inode *inode, struct name *name, bool again)
{
	struct dir *dir = &to_node(inode)->dir;

	assert_hardened(spin_lock_held(&names_lock));
	if (dir->dead || (again && name->inode->nlink == 0 && !to_node(name->inode)->linkable))
		return -ENOENT;
	if (dir_name_locked(inode, name->text, name->len))
		return -EEXIST;
	if (again && name->inode->nlink != 0 && !room_name_made(to_node(name->inode)))
		return -ENOSPC;
	dir_link_locked(inode, name);
	name->id = next_id_locked();
	to_node(name->inode)->linkable = false;
	count_link_locked(inode, name->inode);
	return 0;
}

/* Allocates memory for a name of that length. Returns 0, -ENOSPC or -ENOMEM. */
static int name_alloc(size_t len, struct name **name_ret)
{
	if (!quota_records_made(1))
		return -ENOSPC;
	*name_ret = mem_wait_kmalloc(sizeof(**name_ret) + len);
	if (*name_ret)
		return 0;
	quota_records_gone(1);
	return -ENOMEM;
}

static void name_discard(struct name *name)
{
	kfree(name);
	quota_records_gone(1);
}

/*
 * An inode counts from its first name until it is freed, even if the name is removed earlier: a
 * reference to a removed directory keeps all its former parents in memory. The target of a symbolic
 * link counts, too.
 */
int dir_count_inode(struct inode *inode)
{
	struct tmpfs_node *node = to_node(inode);
	unsigned n = 1;

	if (node->records != 0)
		return 0;
	if (S_ISLNK(inode->mode))
		n += quota_records_of(strlen(node->target) + 1);
	if (!quota_records_made(n))
		return -ENOSPC;
	if (room_inode_made(node) != 0) {
		quota_records_gone(n);
		return -ENOSPC;
	}
	node->records = n;
	return 0;
}

int dir_add(struct inode *dir, const char *text, size_t len, struct inode *inode, bool again)
{
	struct name *name;
	int err;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	err = again ? 0 : dir_count_inode(inode);
	if (err)
		return err;
	err = name_alloc(len, &name);
	if (err)
		return err;
	name->inode = inode;
	name->len = (uint32_t)len;
	memcpy(name->text, text, len);
	spin_lock(&names_lock);
	err = dir_add_locked(dir, name, again);
	if (err == 0)
		inode_get(inode);
	spin_unlock(&names_lock);
	if (err) {
		name_discard(name);
		return err;
	}
	inode_changed_now(dir);
	inode_meta_now(inode);
	return 0;
}

void dir_take_out_locked(struct inode *dir, struct name *name)
{
	struct inode *inode = name->inode;

	assert_hardened(spin_lock_held(&names_lock));
	dir_unlink_locked(dir, name);
	if (!S_ISDIR(inode->mode)) {
		if (--inode->nlink != 0)
			room_name_gone(to_node(inode));
		return;
	}
	inode->nlink = 0;
	to_node(inode)->dir.dead = true;
	dir->nlink--;
}

struct inode *dir_of_former(struct inode *inode)
{
	const struct list *names = &to_node(inode)->names;

	return inode->nlink != 0 || list_empty(names)
		       ? NULL
		       : list_first_entry(names, struct name, same)->dir;
}

void dir_former_free(struct inode *inode)
{
	struct list *names = &to_node(inode)->names;

	if (!list_empty(names))
		name_discard(list_first_entry(names, struct name, same));
}

/*
 * An open file that has lost its name is known by that to those who watch the directory. Returns whether the name is
 * kept for it.
 */
static bool keep_as_former(struct inode *dir, struct name *name)
{
	struct tmpfs_node *node = to_node(name->inode);
	bool keeps;

	if (likely(!atomic_load_relaxed(&dir->watch_mask)))
		return false;
	spin_lock(&names_lock);
	keeps = node->inode.nlink == 0 && list_empty(&node->names);
	if (keeps) {
		list_add_tail(&node->names, &name->same);
		name->inode = NULL;
		if (!S_ISDIR(node->inode.mode))
			inode_get(dir);
	}
	spin_unlock(&names_lock);
	return keeps;
}

struct inode *dir_name_free(struct inode *dir, struct name *name)
{
	struct inode *inode = name->inode;

	inode_changed_now(dir);
	inode_meta_now(inode);
	if (!keep_as_former(dir, name))
		name_discard(name);
	return inode;
}

static int may_remove_locked(const struct inode *dir, const struct name *name, bool directory)
{
	int err;

	assert_hardened(spin_lock_held(&names_lock));
	if (!name)
		return -ENOENT;
	err = may_delete(dir, name->inode);
	if (err)
		return err;
	if (!directory)
		return S_ISDIR(name->inode->mode) ? -EISDIR : 0;
	if (!S_ISDIR(name->inode->mode))
		return -ENOTDIR;
	if (atomic_load(&name->inode->cover))
		return -EBUSY;
	return to_node(name->inode)->dir.count != 0 ? -ENOTEMPTY : 0;
}

int dir_remove(struct inode *dir, const char *text, size_t len, bool directory,
	       struct inode **gone_ret)
{
	struct name *name;
	int err;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	spin_lock(&names_lock);
	name = dir_name_locked(dir, text, len);
	err = may_remove_locked(dir, name, directory);
	if (err == 0)
		dir_take_out_locked(dir, name);
	spin_unlock(&names_lock);
	if (err == 0)
		*gone_ret = dir_name_free(dir, name);
	return err;
}

static struct name *first_from_locked(struct dir *dir, uint64_t order)
{
	struct tree_node *node = dir->by_order.root;
	struct name *best = NULL;

	assert_hardened(spin_lock_held(&names_lock));
	while (node) {
		struct name *name = tree_entry(node, struct name, by_order);

		if (name->order >= order)
			best = name;
		node = node->child[name->order < order];
	}
	return best;
}

int dir_item_from(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	struct name *name;
	int err = 0;

	spin_lock(&names_lock);
	name = first_from_locked(&to_node(dir)->dir, pos);
	if (name) {
		item->pos = name->order;
		item->ino = name->inode->ino;
		item->mode = name->inode->mode;
		item->len = name->len;
		memcpy(item->text, name->text, name->len);
	} else {
		err = to_node(dir)->dir.dead ? -ENOENT : -ENODATA;
	}
	spin_unlock(&names_lock);
	return err;
}

uint64_t dir_moves; /* guarded by names_lock */

/* One of the inode's names; NULL: it has none, or it is the root. */
static struct name *a_name_locked(struct inode *inode)
{
	struct list *names = &to_node(inode)->names;

	assert_hardened(spin_lock_held(&names_lock));
	return inode->nlink == 0 || list_empty(names) ? NULL
						      : list_entry(names->next, struct name, same);
}

/* Names that are put before a path in one hold of names_lock. */
#define PATH_PIECE 64u

/* A path has more pieces. */
#define PATH_MORE 1

/* If directories are moved more often meanwhile, each piece is right, but maybe not all together. */
#define PATH_TRIES 8u

/*
 * Writes a piece of the path of *inode, and sets that to where the path goes on. Returns 0 at its
 * end, PATH_MORE if there is more, -ENOENT or -ERANGE.
 */
static int path_piece_locked(struct inode **inode, struct path_text *text)
{
	assert_hardened(spin_lock_held(&names_lock));
	for (unsigned n = 0;; n++) {
		struct name *name = a_name_locked(*inode);

		if (!name && *inode != (*inode)->mount->root)
			return -ENOENT;
		if (path_reached(text, *inode) || !name)
			return 0;
		if (n == PATH_PIECE)
			return PATH_MORE;
		if (path_prepend(text, name->text, name->len) != 0)
			return -ERANGE;
		*inode = name->dir;
	}
}

/*
 * Writes all the pieces. Returns as path_piece_locked(), or PATH_MORE if a directory was moved after
 * the first one, which does not matter in the last try.
 */
static int path_by_pieces(struct inode *inode, struct path_text *text, bool last_try)
{
	uint64_t moves = UINT64_MAX;
	bool moved = false;
	int err;

	inode_get(inode);
	do {
		struct inode *from = inode;

		spin_lock(&names_lock);
		if (moves == UINT64_MAX)
			moves = dir_moves;
		moved = moves != dir_moves && !last_try;
		err = path_piece_locked(&inode, text);
		inode_get(inode);
		spin_unlock(&names_lock);
		inode_put(from);
	} while (err == PATH_MORE && !moved);
	inode_put(inode);
	return moved ? PATH_MORE : err;
}

static int long_path(struct inode *inode, struct path_text *text)
{
	const struct path_text begin = *text;
	int err = PATH_MORE;

	for (unsigned tries = 1; err == PATH_MORE; tries++) {
		*text = begin;
		err = path_by_pieces(inode, text, tries == PATH_TRIES);
	}
	return err;
}

int dir_path_in_mount(struct inode *inode, struct path_text *text)
{
	const struct path_text begin = *text;
	struct inode *at = inode;
	int err;

	spin_lock(&names_lock);
	err = path_piece_locked(&at, text);
	spin_unlock(&names_lock);
	if (likely(err != PATH_MORE))
		return err;
	*text = begin;
	return long_path(inode, text);
}

/* ---- for those who watch a directory ---- */

/* How many names of an inode are looked at. Directories of its other names get no events. */
#define NAMES_SEEN 64u

/* The inode's name of that number, or any if it is 0; or the former one. */
static struct name *name_to_tell_locked(struct inode *inode, uint32_t id)
{
	struct name *name;
	unsigned n = 0;

	assert_hardened(spin_lock_held(&names_lock));
	list_for_each_entry(name, &to_node(inode)->names, same) {
		if (id == 0 || name->id == id)
			return name;
		if (++n == NAMES_SEEN)
			break;
	}
	return NULL;
}

bool dir_place(struct inode *inode, uint32_t id, uint32_t events, struct inode_place *place)
{
	struct name *name;
	bool watched;

	spin_lock(&names_lock);
	name = name_to_tell_locked(inode, id);
	place->removed = inode->nlink == 0;
	watched = name && (atomic_load_relaxed(&name->dir->watch_mask) & events);
	if (watched) {
		place->dir = name->dir;
		inode_get(place->dir);
		place->len = name->len;
		memcpy(place->text, name->text, name->len);
	}
	spin_unlock(&names_lock);
	return watched;
}

uint32_t dir_name_id(struct inode *dir, const char *text, size_t len)
{
	struct name *name;
	uint32_t id;

	spin_lock(&names_lock);
	name = dir_name_locked(dir, text, len);
	id = name ? name->id : 0;
	spin_unlock(&names_lock);
	return id;
}

/* ---- the end of a file system ---- */

static struct name *first_name(struct inode *dir)
{
	struct name *name;

	spin_lock(&names_lock);
	name = first_from_locked(&to_node(dir)->dir, DIR_FIRST_POS);
	spin_unlock(&names_lock);
	return name;
}

static void discard_name(struct inode *dir, struct name *name)
{
	spin_lock(&names_lock);
	dir_take_out_locked(dir, name);
	spin_unlock(&names_lock);
	inode_put(dir_name_free(dir, name));
}

/* Deep trees take no stack: the way back up is in the tree. */
void dir_discard_all(struct inode *root)
{
	struct inode *dir = root;

	for (;;) {
		struct name *name = first_name(dir);

		if (name && S_ISDIR(name->inode->mode)) {
			dir = name->inode;
			continue;
		}
		if (!name) {
			if (dir == root)
				return;
			name = list_entry(to_node(dir)->names.next, struct name, same);
			dir = name->dir;
		}
		discard_name(dir, name);
		(void)vm_pause();
	}
}
