/* SPDX-License-Identifier: MIT */
/* Finds the watches of an inode and of the directory that it is in, and queues events for their instances. */
/*
 * Watches are found by their inodes. The set of watches changes only with notify_lock held. The lock is held while an event
 * is queued for all watches of an inode, so an instance that has removed a watch gets no more events by it. No holder of the
 * lock waits. An inode's watch_mask says without the lock whether the inode has watches at all.
 *
 * A watch of a directory gets the events of the files in it, by their names. An inode knows its names (`place` of
 * struct inode_ops). An open file has no name of its own: if its inode had several when it was opened, name_id says which
 * one it was opened by.
 *
 * An inode of a file system with `names_hold` is freed when it is no longer used and has no name left: that is
 * IN_DELETE_SELF. Others may be freed at any time, so their watches pin them until the file system calls notify_unpin(). No
 * pin keeps a mount in use: notify_unmount() drops those that are left.
 */
#include "linux/fs/notify/notify.h"

#include "linux/fs/file/linux_file.h"
#include "linux/fs/notify/inotify.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "mm/phys/kmalloc.h"
#include "proc/mutex.h"

/* Watches of a mount that are ended in one hold of the lock. */
#define BATCH 16u

#define WATCH_BUCKETS 512u

uint32_t notify_nwatches; /* atomic */
struct mutex notify_lock;

static struct list buckets[WATCH_BUCKETS]; /* under notify_lock: struct inotify_watch.by_inode */
static uint32_t last_cookie;		   /* atomic */

void notify_init(void)
{
	mutex_init(&notify_lock, LOCK_NOTIFY);
	for (unsigned i = 0; i < WATCH_BUCKETS; i++)
		list_init(&buckets[i]);
}

/* ---- the watches of an inode ---- */

/* The list that has the watches of the inode, and those of some others. */
static struct list *bucket_of(const struct inode *inode)
{
	return &buckets[((uintptr_t)inode >> 6) * 0x9e3779b1u % WATCH_BUCKETS];
}

struct inotify_watch *notify_find_locked(const struct inotify *instance, struct inode *inode)
{
	struct inotify_watch *watch;

	assert_hardened(mutex_held(&notify_lock));
	if (inode->watch_mask == 0)
		return NULL;
	list_for_each_entry(watch, bucket_of(inode), by_inode)
		if (watch->inode == inode && watch->instance == instance)
			return watch;
	return NULL;
}

/* The last store to an inode that its watches do not pin: without a mask it may be freed. */
void notify_mask_locked(struct inode *inode)
{
	struct inotify_watch *watch;
	uint32_t mask = 0;

	assert_hardened(mutex_held(&notify_lock));
	list_for_each_entry(watch, bucket_of(inode), by_inode)
		if (watch->inode == inode)
			mask |= watch->mask;
	atomic_store(&inode->watch_mask, mask);
}

void notify_link_locked(struct inotify_watch *watch)
{
	struct inode *inode = watch->inode;

	assert_hardened(mutex_held(&notify_lock));
	list_add_tail(bucket_of(inode), &watch->by_inode);
	if (inode->mount) {
		list_add_tail(&inode->mount->watches, &watch->by_mount);
		atomic_add(&inode->mount->nwatches, 1);
	}
	watch->pins = inode->mount && !inode->ops->names_hold;
	if (watch->pins)
		inode_get(inode);
	notify_mask_locked(inode);
	atomic_add(&notify_nwatches, 1);
}

/*
 * The rest of the end of a watch that its inode does not list any more. The thread that frees the inode looks at watch_mask
 * first, and the one that frees the mount looks at nwatches: so these stores come last, in this order.
 */
static void watch_forget_locked(struct inotify_watch *watch)
{
	struct inode *inode = watch->inode;
	struct mount *mount = inode->mount;

	assert_hardened(mutex_held(&notify_lock));
	if (mount)
		list_del(&watch->by_mount);
	kfree(watch);
	file_memory_add(-INOTIFY_WATCH_BYTES);
	notify_mask_locked(inode);
	if (mount)
		atomic_add(&mount->nwatches, -1u);
	atomic_add(&notify_nwatches, -1u);
}

struct inode *notify_unlink_locked(struct inotify_watch *watch)
{
	struct inode *inode = watch->inode, *pinned = watch->pins ? inode : NULL;

	assert_hardened(mutex_held(&notify_lock));
	inotify_unlink(watch);
	list_del(&watch->by_inode);
	if (pinned && !refcount_get_unless_zero(&inode->mount->refs)) {
		watch->instance = NULL;
		notify_mask_locked(inode);
		return NULL;
	}
	watch_forget_locked(watch);
	return pinned;
}

/* An event ends the watch. The caller has a reference to the inode besides the watch's. */
static void watch_end_locked(struct inotify_watch *watch)
{
	static const struct notify_event ignored = { .mask = IN_IGNORED };
	struct inode *pinned;

	assert_hardened(mutex_held(&notify_lock));
	inotify_queue(watch->instance, watch->wd, &ignored);
	pinned = notify_unlink_locked(watch);
	if (pinned) { /* neither is the last one */
		struct mount *mount = pinned->mount;

		inode_put(pinned);
		mount_put(mount);
	}
}

/* Queues the event for all who watch the inode and ask for it. */
static void notify_send_locked(struct inode *inode, const struct notify_event *event)
{
	const uint32_t asked = event->mask & (IN_ALL_EVENTS | IN_UNMOUNT);
	struct inotify_watch *watch, *next;

	assert_hardened(mutex_held(&notify_lock));
	if (!(inode->watch_mask & asked))
		return;
	list_for_each_entry_safe(watch, next, bucket_of(inode), by_inode) {
		if (watch->inode != inode || !(watch->mask & asked) ||
		    (event->unlinked && (watch->mask & IN_EXCL_UNLINK)))
			continue;
		inotify_queue(watch->instance, watch->wd, event);
		if (watch->mask & IN_ONESHOT)
			watch_end_locked(watch);
	}
}

static void notify_send(struct inode *inode, const struct notify_event *event)
{
	if (!(atomic_load(&inode->watch_mask) & event->mask))
		return;
	mutex_lock(&notify_lock);
	notify_send_locked(inode, event);
	mutex_unlock(&notify_lock);
}

/* ---- what happens to files ---- */

static uint32_t with_type(const struct inode *inode, uint32_t event)
{
	return event | (S_ISDIR(inode->mode) ? IN_ISDIR : 0);
}

/*
 * As on Linux, a watch of a directory gets no events of the use of its pipes and devices: such a watch would need permission
 * to read them.
 */
static bool is_private(const struct inode *inode, uint32_t event)
{
	return (event & (IN_ACCESS | IN_MODIFY)) && inode_is_special(inode);
}

/* Does a watch of the inode's directory get the event? Then *place says by what name. */
static bool notify_place(struct inode *inode, uint32_t name_id, uint32_t event,
			 struct inode_place *place)
{
	place->removed = false;
	if (!inode->mount || atomic_load_relaxed(&inode->mount->nwatches) == 0 ||
	    !inode->ops->place || is_private(inode, event))
		return false;
	return inode->ops->place(inode, name_id, event, place);
}

/* Queues the event for the watches of the directory, and then of the inode. `by_file`: it is an event of an open file. */
static __attribute__((noinline)) void notify_tell(struct inode *inode, uint32_t name_id,
						  uint32_t mask, bool by_file)
{
	struct notify_event event = { .mask = with_type(inode, mask) };
	struct inode_place place;
	bool in_dir = notify_place(inode, name_id, mask, &place);

	if (!in_dir && !(atomic_load(&inode->watch_mask) & mask))
		return;
	event.unlinked = by_file && place.removed;
	mutex_lock(&notify_lock);
	if (in_dir) {
		event.name = place.text;
		event.len = place.len;
		notify_send_locked(place.dir, &event);
	}
	event.name = NULL;
	notify_send_locked(inode, &event);
	mutex_unlock(&notify_lock);
	if (in_dir)
		inode_put(place.dir);
}

void notify_file_slow(struct file *file, uint32_t event)
{
	if (file->ops->has_inode && !(file->flags & O_PATH) &&
	    linux_file(file)->name_id != FILE_TELLS_NOTHING)
		notify_tell(file_inode(file), linux_file(file)->name_id, event, true);
}

void notify_inode_slow(struct inode *inode, uint32_t event)
{
	notify_tell(inode, 0, event, false);
}

void notify_own_slow(struct inode *inode, uint32_t event)
{
	notify_send(inode, &(struct notify_event){ .mask = with_type(inode, event) });
}

void notify_opened_by_slow(struct file *file, const struct inode *inode, struct inode *dir,
			   const struct path_part *name)
{
	if (linux_file(file)->name_id != FILE_TELLS_NOTHING && !S_ISDIR(inode->mode) &&
	    atomic_load_relaxed(&inode->nlink) > 1 && dir->ops->name_id && name->kind == PATH_NAME)
		linux_file(file)->name_id = dir->ops->name_id(dir, name->name, name->len);
}

/* ---- what happens to names ---- */

void notify_name_slow(struct inode *dir, const char *name, size_t len, uint32_t event)
{
	notify_send(dir, &(struct notify_event){ .mask = event, .name = name, .len = len });
}

/*
 * The order is Linux's: the event of the lost link comes first, then that of the end of the file, then that of the removed
 * name. (A directory does not count its links.)
 */
void notify_removed(struct inode *dir, const char *name, size_t len, bool directory,
		    struct inode *gone)
{
	if (gone && !directory)
		notify_own(gone, IN_ATTRIB);
	inode_put(gone);
	if (notify_is_used())
		notify_name_slow(dir, name, len, IN_DELETE | (directory ? IN_ISDIR : 0));
}

/* A name in a directory. */
struct spot {
	struct inode *dir;
	const struct path_part *part;
};

/* A name of an inode of that type has moved. NULL: the inode is not in use. */
static void tell_move(const struct spot *from, const struct spot *to, uint32_t type,
		      struct inode *moved, struct inode *replaced)
{
	const uint32_t is_dir = S_ISDIR(type) ? IN_ISDIR : 0;
	struct notify_event event = {
		.mask = IN_MOVED_FROM | is_dir,
		.cookie = atomic_add(&last_cookie, 1) + 1,
		.name = from->part->name,
		.len = from->part->len,
	};

	notify_send(from->dir, &event);
	event.mask = IN_MOVED_TO | is_dir;
	event.name = to->part->name;
	event.len = to->part->len;
	notify_send(to->dir, &event);
	if (replaced)
		notify_own_slow(replaced, IN_ATTRIB);
	/* As on Linux, this says nothing of the type. */
	if (moved)
		notify_send(moved, &(struct notify_event){ .mask = IN_MOVE_SELF });
}

void notify_renamed(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
		    const struct path_part *new, struct inode_moves *moves)
{
	const struct spot from = { old_dir, old }, to = { new_dir, new };
	struct inode *other = moves->other;

	if (moves->type && notify_is_used()) {
		tell_move(&from, &to, moves->type, moves->moved, moves->other_type ? NULL : other);
		if (moves->other_type)
			tell_move(&to, &from, moves->other_type, other, NULL);
	}
	inode_put(moves->moved);
	inode_put(other);
}

/* ---- the end of inodes and mounts ---- */

void notify_unpin(struct inode *inode)
{
	struct inotify_watch *watch;
	unsigned n = 0;

	if (!notify_is_used())
		return;
	mutex_lock(&notify_lock);
	if (inode->watch_mask != 0) {
		list_for_each_entry(watch, bucket_of(inode), by_inode) {
			if (watch->inode != inode)
				continue;
			n += watch->pins;
			watch->pins = false;
		}
	}
	mutex_unlock(&notify_lock);
	while (n-- > 0)
		inode_put(inode);
}

/* There is no other reference, so no watch is added, and none of these pins the inode. */
void notify_inode_freed(struct inode *inode)
{
	const struct notify_event event = { .mask = IN_DELETE_SELF };
	struct inotify_watch *watch, *next;

	mutex_lock(&notify_lock);
	if (inode->watch_mask != 0) {
		notify_send_locked(inode, &event);
		list_for_each_entry_safe(watch, next, bucket_of(inode), by_inode)
			if (watch->inode == inode)
				watch_end_locked(watch);
	}
	mutex_unlock(&notify_lock);
}

/* Ends a watch of a mount that is being freed. Returns the inode with the watch's reference, or NULL. */
static struct inode *end_of_mount_locked(struct inotify_watch *watch)
{
	static const struct notify_event ignored = { .mask = IN_IGNORED };
	struct inode *inode = watch->inode, *pinned = watch->pins ? inode : NULL;
	const struct notify_event event = { .mask = with_type(inode, IN_UNMOUNT) };

	assert_hardened(mutex_held(&notify_lock));
	if (watch->instance) {
		inotify_queue(watch->instance, watch->wd, &event);
		inotify_queue(watch->instance, watch->wd, &ignored);
		inotify_unlink(watch);
		list_del(&watch->by_inode);
	}
	watch_forget_locked(watch);
	return pinned;
}

/* Returns whether there may be more. */
static bool end_some_of_mount(struct mount *mount)
{
	struct inode *pinned[BATCH];
	unsigned n = 0;

	mutex_lock(&notify_lock);
	while (n < BATCH && !list_empty(&mount->watches))
		pinned[n++] = end_of_mount_locked(
			list_first_entry(&mount->watches, struct inotify_watch, by_mount));
	mutex_unlock(&notify_lock);
	for (unsigned i = 0; i < n; i++)
		inode_put(pinned[i]);
	return n == BATCH;
}

void notify_unmount(struct mount *mount)
{
	while (end_some_of_mount(mount))
		;
}
