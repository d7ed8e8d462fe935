/* SPDX-License-Identifier: MIT */
/* The table of mounts, and the steps of a walk from one to another. */
#include "linux/fs/vfs/mount.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* More are refused, so that the list can be walked with its lock held. */
#define MOUNTS_MAX 256

/* With none of these, MS_REMOUNT keeps what there is of them. */
#define ATIME_FLAGS (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)

/* Guards what connects the mounts of the tree. Held for a few steps only. */
static struct spinlock mounts_lock = SPINLOCK_INIT(LOCK_FS);
/* guarded by mounts_lock: */
static struct list mounts = LIST_INIT(mounts);
static unsigned nmounts;		   /* guarded by mounts_lock: length of the list */
static uint64_t last_place;		   /* guarded by mounts_lock */
static struct list kept = LIST_INIT(kept); /* struct mount.kept; guarded by mounts_lock */
static struct mount *tree_root;		   /* const once it is there */
static uint64_t last_dev = DEV_SOCKET;	   /* atomic */

struct waitq mounts_changed = WAITQ_INIT(mounts_changed);

static const char *mount_type(const void *mount)
{
	return ((const struct mount *)mount)->type->name;
}

COUNTED_KIND(mount_kind, "mount", struct mount, mount_type);

/* Takes the only mount of a type for the next place in the tree. */
static int take_only(struct mount *mount, unsigned flags, struct mount **mount_ret)
{
	int err = -EBUSY;

	spin_lock(&mounts_lock);
	if (list_empty(&mount->link)) {
		atomic_store(&mount->flags, flags & MOUNT_FLAGS);
		mount_get(mount);
		*mount_ret = mount;
		err = 0;
	}
	spin_unlock(&mounts_lock);
	return err;
}

static int mount_make(const struct fs_type *type, const char *source, unsigned flags,
		      const char *options, struct mount **mount_ret)
{
	struct mount *mount = mem_wait_kzalloc(sizeof(*mount));
	int err = -ENOMEM;

	if (!mount)
		return -ENOMEM;
	mount->source = mem_wait_kmalloc(strlen(source) + 1);
	if (!mount->source)
		goto free_mount;
	memcpy(mount->source, source, strlen(source) + 1);
	refcount_init(&mount->refs, 1);
	mount->flags = flags & MOUNT_FLAGS;
	mount->type = type;
	mount->dev = atomic_add(&last_dev, 1) + 1;
	list_init(&mount->link);
	list_init(&mount->watches);
	mutex_init(&mount->rename_lock, LOCK_DIRECTORY);
	err = type->fill_mount(mount, options);
	if (err)
		goto free_source;
	spin_lock(&mounts_lock);
	list_add_tail(&kept, &mount->kept);
	spin_unlock(&mounts_lock);
	counted_begin(&mount_kind, &mount->counted, &mount->refs.n);
	*mount_ret = mount;
	return 0;

free_source:
	kfree(mount->source);
free_mount:
	kfree(mount);
	return err;
}

int mount_create(const struct fs_type *type, const char *source, unsigned flags,
		 const char *options, struct mount **mount_ret)
{
	int err;

	if (type->only && *type->only)
		return *options != '\0' ? -EINVAL : take_only(*type->only, flags, mount_ret);
	err = mount_make(type, source, flags, options, mount_ret);
	if (err == 0 && type->only) {
		mount_get(*mount_ret);
		*type->only = *mount_ret;
	}
	return err;
}

/* Out of line, so that dropping one reference of many saves no registers. */
static __attribute__((noinline)) void free_mount(struct mount *mount)
{
	counted_end(&mount->counted);
	spin_lock(&mounts_lock);
	list_del(&mount->kept);
	spin_unlock(&mounts_lock);
	if (unlikely(atomic_load(&mount->nwatches) != 0))
		notify_unmount(mount);
	mount->type->unmount(mount);
	kfree(mount->source);
	kfree(mount);
}

void mount_put(struct mount *mount)
{
	if (mount && refcount_put(&mount->refs))
		free_mount(mount);
}

/* The inode is freed before its mount. Out of line for the same reason. */
static __attribute__((noinline)) void free_inode(struct inode *inode, struct mount *mount)
{
	inode_free(inode);
	mount_put(mount);
}

void path_put(struct inode *inode)
{
	struct mount *mount;

	if (!inode)
		return;
	mount = inode->mount;
	if (refcount_put(&inode->refs))
		free_inode(inode, mount);
	else
		mount_put(mount);
}

/*
 * An unmount frees the inodes before the mount. So an inode that is there has a mount, if a dying
 * one; and an inode that is returned here keeps its mount, too, from being freed before it.
 */
struct inode *inode_living(struct object *object, struct inode *const *at)
{
	struct mount *mount = NULL;
	struct inode *inode;

	spin_lock(&object->lock);
	inode = *at;
	if (inode && inode->mount) {
		if (refcount_get_unless_zero(&inode->mount->refs))
			mount = inode->mount;
		else
			inode = NULL;
	}
	if (inode && !refcount_get_unless_zero(&inode->refs))
		inode = NULL;
	spin_unlock(&object->lock);
	if (!inode)
		mount_put(mount);
	return inode;
}

struct inode *mount_tree_root(void)
{
	return tree_root->root;
}

/*
 * What covers the point already is covered in its place: the caller may have come by a working
 * directory.
 */
static int attach_locked(struct mount *mount, struct inode *point)
{
	assert_hardened(spin_lock_held(&mounts_lock));
	while (point && point->cover)
		point = point->cover->root;
	if (point && list_empty(&point->mount->link))
		return -ENOENT;
	if (point && point == tree_root->root)
		return -EBUSY;
	if (!list_empty(&mount->link)) /* the only one of its type: another thread was faster */
		return -EBUSY;
	if (nmounts == MOUNTS_MAX)
		return -ENOSPC;
	if (point) {
		path_get(point);
		mount->point = point;
		atomic_store(&point->cover, mount);
	} else {
		tree_root = mount;
	}
	list_add_tail(&mounts, &mount->link);
	mount->place = ++last_place;
	nmounts++;
	return 0;
}

/* Takes the mount out of the tree; the two references that this releases pass to the caller. */
static struct inode *mount_take_out_locked(struct mount *mount)
{
	struct inode *point = mount->point;

	assert_hardened(spin_lock_held(&mounts_lock));
	assert_hardened(!list_empty(&mount->link));
	if (point)
		atomic_store(&point->cover, NULL);
	else
		tree_root = NULL;
	mount->point = NULL;
	list_del(&mount->link);
	nmounts--;
	return point;
}

/*
 * Takes the mount out of the tree again if its point has been removed; returns -ENOENT then. The
 * caller has a reference to the mount besides the tree's, and one to the point.
 */
static int undo_if_removed(struct mount *mount, struct inode *point)
{
	struct abi_stat st;
	int err = point->ops->getattr(point, &st);
	bool out = false;

	if (err == 0 && st.nlink != 0)
		return 0;
	spin_lock(&mounts_lock);
	if (mount->point == point) {
		(void)mount_take_out_locked(mount);
		out = true;
	}
	spin_unlock(&mounts_lock);
	if (!out) /* another thread has unmounted it already */
		return 0;
	path_put(point);
	return err ? err : -ENOENT;
}

/*
 * A directory that is removed meanwhile is either found covered, and stays, or found here to be
 * gone: its file system looks at `cover` and then sets nlink, and this does it the other way round.
 */
int mount_attach(struct mount *mount, struct inode *point)
{
	int err;

	if (point && !S_ISDIR(point->mode))
		return -ENOTDIR;
	if (point && point->ops->fleeting)
		return -EINVAL;
	/* The caller's belongs to the tree from now on, where other threads may drop it. */
	mount_get(mount);
	spin_lock(&mounts_lock);
	err = attach_locked(mount, point);
	spin_unlock(&mounts_lock);
	if (err == 0 && point)
		err = undo_if_removed(mount, point);
	if (err == 0)
		waitq_wake_all(&mounts_changed);
	mount_put(mount);
	return err;
}

/*
 * Either this sees the writer, or the writer sees the flag: it does the same the other way round.
 */
static int set_flags_locked(struct mount *mount, uint32_t flags)
{
	uint32_t before = mount->flags;

	assert_hardened(spin_lock_held(&mounts_lock));
	if (list_empty(&mount->link))
		return -EINVAL;
	if (!(flags & ATIME_FLAGS))
		flags |= before & (MS_NOATIME | MS_NODIRATIME);
	(void)atomic_exchange(&mount->flags, flags & MOUNT_FLAGS);
	if (!(flags & ~before & MS_RDONLY) || atomic_load(&mount->writers) == 0)
		return 0;
	atomic_store(&mount->flags, before);
	return -EBUSY;
}

int mount_set_flags(struct mount *mount, unsigned flags)
{
	int err;

	spin_lock(&mounts_lock);
	err = set_flags_locked(mount, flags);
	spin_unlock(&mounts_lock);
	if (err == 0)
		waitq_wake_all(&mounts_changed);
	return err;
}

/*
 * May the mount be taken out of the tree? A walk that is in it, or a file that is used, has a
 * reference.
 */
static int may_detach_locked(struct mount *mount, const struct inode *root, unsigned flags)
{
	/* One reference is the tree's, one the caller's, and one may be the type's. */
	uint32_t unused = mount && mount->type->only ? 3 : 2;

	assert_hardened(spin_lock_held(&mounts_lock));
	if (!mount || mount->root != root || list_empty(&mount->link))
		return -EINVAL;
	if (mount == tree_root || (!(flags & MNT_DETACH) && refcount_read(&mount->refs) > unused))
		return -EBUSY;
	if ((flags & MNT_EXPIRE) && mount->nentered != mount->expires_at) {
		mount->expires_at = mount->nentered + 1;
		return -EAGAIN;
	}
	return 0;
}

/*
 * Drops what mount_take_out_locked() has released. No program can name the mount any more, to give
 * it another server.
 */
static void put_taken_out(struct mount *mount, struct inode *point)
{
	if (mount->type->abort)
		mount->type->abort(mount);
	path_put(point);
	mount_put(mount);
}

/*
 * Takes a mount out of the tree that is on a mount which is not in the tree. Returns false if there
 * is none.
 */
static bool detach_orphan(void)
{
	struct mount *mount, *found = NULL;
	struct inode *point = NULL;

	spin_lock(&mounts_lock);
	list_for_each_entry(mount, &mounts, link) {
		if (mount->point && list_empty(&mount->point->mount->link)) {
			found = mount;
			break;
		}
	}
	if (found)
		point = mount_take_out_locked(found);
	spin_unlock(&mounts_lock);
	if (found)
		put_taken_out(found, point);
	return found;
}

int mount_detach(struct inode *root, unsigned flags)
{
	struct mount *mount = root->mount;
	struct inode *point = NULL;
	int err;

	spin_lock(&mounts_lock);
	err = may_detach_locked(mount, root, flags);
	if (err == 0)
		point = mount_take_out_locked(mount);
	spin_unlock(&mounts_lock);
	if (err)
		return err;
	put_taken_out(mount, point);
	while ((flags & MNT_DETACH) && detach_orphan())
		;
	waitq_wake_all(&mounts_changed);
	return 0;
}

void mount_detach_all(void)
{
	while (!list_empty(&mounts)) {
		struct mount *mount = list_entry(mounts.prev, struct mount, link);
		struct inode *point;

		spin_lock(&mounts_lock);
		point = mount_take_out_locked(mount);
		spin_unlock(&mounts_lock);
		path_put(point);
		mount_put(mount);
	}
}

/* Returns the root of what covers dir, with references as by path_get(), or NULL. */
static struct inode *covering(struct inode *dir)
{
	struct inode *root = NULL;

	spin_lock(&mounts_lock);
	if (dir->cover) {
		dir->cover->nentered++;
		root = dir->cover->root;
		path_get(root);
	}
	spin_unlock(&mounts_lock);
	return root;
}

void mount_enter_covered(struct inode **dir)
{
	while (atomic_load(&(*dir)->cover)) {
		struct inode *root = covering(*dir);

		if (root) {
			path_put(*dir);
			*dir = root;
		}
	}
}

/* Returns where the mount of that root is mounted, with references as by path_get(), or NULL. */
static struct inode *point_of(const struct inode *root)
{
	struct inode *point;

	spin_lock(&mounts_lock);
	point = root->mount->point;
	if (point)
		path_get(point);
	spin_unlock(&mounts_lock);
	return point;
}

void mount_leave(struct inode **dir, const struct inode *root)
{
	while (*dir != root && (*dir)->mount && (*dir)->mount->root == *dir) {
		struct inode *point = point_of(*dir);

		if (!point)
			return;
		path_put(*dir);
		*dir = point;
	}
}

int mount_may_write(const struct mount *mount)
{
	return mount && (atomic_load_relaxed(&mount->flags) & MS_RDONLY) ? -EROFS : 0;
}

int mount_begin_write(struct mount *mount)
{
	atomic_add(&mount->writers, 1);
	if (!(atomic_load(&mount->flags) & MS_RDONLY))
		return 0;
	mount_end_write(mount);
	return -EROFS;
}

void mount_end_write(struct mount *mount)
{
	atomic_add(&mount->writers, -1u);
}

void mount_statfs(struct mount *mount, struct abi_statfs *st)
{
	unsigned flags = atomic_load_relaxed(&mount->flags);

	*st = (struct abi_statfs){
		.type = mount->type->magic,
		.bsize = PAGE_SIZE,
		.frsize = PAGE_SIZE,
		.namelen = NAME_MAX,
		.fsid = { (int32_t)mount->dev, 0 },
		.flags = ST_VALID | (flags & MOUNT_FLAGS),
	};
	if (!(flags & MS_NOATIME))
		st->flags |= ST_RELATIME;
	if (mount->type->statfs)
		mount->type->statfs(mount, st);
}

void mount_find_held(struct mount *mount)
{
	inode_found(mount->root);
	path_found(mount->point);
	if (!list_empty(&mount->link))
		mount_found(mount);
	if (mount->type->only && *mount->type->only == mount)
		mount_found(mount);
}

struct mount *mount_after(uint64_t place)
{
	struct mount *mount, *found = NULL;

	spin_lock(&mounts_lock);
	list_for_each_entry(mount, &mounts, link) {
		if (mount->place > place) {
			mount_get(mount);
			found = mount;
			break;
		}
	}
	spin_unlock(&mounts_lock);
	return found;
}

uint64_t mount_parent_place(struct mount *mount)
{
	uint64_t place;

	spin_lock(&mounts_lock);
	place = mount->point ? mount->point->mount->place : mount->place;
	spin_unlock(&mounts_lock);
	return place;
}

/*
 * The next older mount, of the tree or not; NULL gives the newest one. Takes over the reference to
 * `mount` and returns one.
 */
static struct mount *mount_before(struct mount *mount)
{
	struct mount *found = NULL;
	struct list *next;

	spin_lock(&mounts_lock);
	for (next = mount ? mount->kept.prev : kept.prev; next != &kept && !found;
	     next = next->prev) {
		struct mount *other = list_entry(next, struct mount, kept);

		if (refcount_get_unless_zero(&other->refs))
			found = other;
	}
	spin_unlock(&mounts_lock);
	mount_put(mount);
	return found;
}

/*
 * All begin to write at once, so that a slow server does not cost the others time. The server of a newer
 * mount may write to files of an older one.
 */
void mount_sync_all(uint64_t deadline)
{
	struct mount *mount;

	for (mount = mount_before(NULL); mount; mount = mount_before(mount))
		if (mount->type->write_soon)
			mount->type->write_soon(mount);
	for (mount = mount_before(NULL); mount; mount = mount_before(mount))
		if (mount->type->sync)
			mount->type->sync(mount, deadline);
}
