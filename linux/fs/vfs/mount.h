/* SPDX-License-Identifier: MIT */
/* Mounts: file systems, each on a directory of another; together they are the one tree of names. */
#pragma once

#include "abi/mount.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "linux/fs/vfs/inode.h"
#include "proc/mutex.h"
#include "sync/atomic.h"
#include "sync/waitq.h"

struct abi_statfs;
struct mount;
struct seq;
struct tmpfs_room;

/* A kind of file system. All slots may sleep: the caller holds no spinning lock. */
struct fs_type {
	const char *name; /* as mount(2) and /proc/mounts have it */
	uint32_t magic;	  /* f_type of statfs */
	/*
	 * Sets mount->root to its root directory, with a reference. `options` are those of
	 * mount(2): words with commas in between, or "". Returns 0 or a negative errno; -EINVAL for
	 * an option that it does not know.
	 */
	int (*fill_mount)(struct mount *mount, const char *options);
	/*
	 * MS_REMOUNT with options, which are not "". Calls mount_set_flags(), unless the type's options leave the mount's
	 * flags as they are. Returns 0 or a negative errno, and has changed nothing then. NULL: -EINVAL.
	 */
	int (*remount)(struct mount *mount, unsigned flags, const char *options);
	/* Adds options to the mount's flags in /proc/mounts, each after a comma. NULL: there are none. */
	void (*show_options)(const struct mount *mount, struct seq *seq);
	/* Sets the fields that only it knows: f_blocks to f_ffree. NULL: all are 0. */
	void (*statfs)(struct mount *mount, struct abi_statfs *st);
	/*
	 * Returns when what was written to its files is where it belongs, or at the tick `deadline`
	 * (UINT64_MAX: none), or when the thread was killed. NULL: it has no unwritten data. Waits.
	 */
	void (*sync)(struct mount *mount, uint64_t deadline);
	/* Begins to do so, and does not wait. NULL: it has no unwritten data. */
	void (*write_soon)(struct mount *mount);
	/*
	 * umount2(MNT_FORCE), or the mount is taken out of the tree. Threads that wait for a server that has
	 * ended give up. The mount may stay. NULL: no thread waits.
	 */
	void (*abort)(struct mount *mount);
	/*
	 * The last user is gone: drops the root's reference and frees everything. NULL with `only`.
	 */
	void (*unmount)(struct mount *mount);
	/*
	 * Where the only mount of this type is, once it has been made. It is never freed, so that
	 * it can be mounted again while files of it are still open. NULL: each mount is a new one.
	 */
	struct mount **only;
};

/*
 * References keep the file system alive: one while it is in the tree, one for each open file, for
 * each mapping and running image of a file (object_use()), for each mount on one of its
 * directories, and for each inode that a walk along a path holds.
 */
struct mount {
	struct refcount refs;
	uint32_t flags;	  /* atomic: MS_RDONLY and others of MOUNT_FLAGS */
	uint32_t writers; /* atomic: regular files that are open for writing, or are mapped so */
	/* guarded by notify_lock (linux/fs/notify/notify.c): */
	struct list watches; /* struct inotify_watch.by_mount: of its inodes */
	uint32_t nwatches;   /* of these; also read without the lock: atomic */
	/* const: */
	const struct fs_type *type;
	uint64_t dev; /* st_dev of its files */
	char *source; /* what mount(2) gave as the device, terminated */
	struct inode *root;
	struct tmpfs_room *room; /* of a tmpfs, with a reference; NULL: of another type */
	/*
	 * Held while a name moves: of two renames at once, each could put a directory below the
	 * other's. A file system may hold it for a removal, and for MS_REMOUNT. The holder may wait for a server.
	 */
	struct mutex rename_lock;
	/* guarded by mounts_lock: */
	struct list kept; /* all mounts that are not freed yet, in the tree or not, oldest first */
	struct list link; /* all mounts of the tree, oldest first; alone: not in the tree */
	/* In that list: later mounts have greater ones. 0: never mounted. Atomic for a look */
	uint64_t place;
	struct inode *point; /* the directory it covers, as by path_get(); NULL: the tree's root */
	uint64_t nentered;   /* how often a path has entered it */
	/* The nentered by which umount2(MNT_EXPIRE) sees that no other use came; 0: none. */
	uint64_t expires_at;
	struct counted counted;
};

extern struct counted_kind mount_kind;

/* For the ledger: a holder of a reference to the mount, of one by path_get(); NULL is allowed. */
static inline void mount_found(struct mount *mount)
{
	if (mount)
		counted_found(&mount->counted);
}

static inline void path_found(struct inode *inode)
{
	inode_found(inode);
	if (inode)
		mount_found(inode->mount);
}

/* For the ledger: finds what the mount, and its being in the tree, refer to. */
void mount_find_held(struct mount *mount);

/* The flags of mount(2) that a mount keeps. */
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)

/*
 * Makes a file system, or takes the only one of its type; it is in no tree yet. Returns 0 and a
 * reference, or a negative errno; -EBUSY: the only one is in the tree.
 */
int mount_create(const struct fs_type *type, const char *source, unsigned flags,
		 const char *options, struct mount **mount_ret);

static inline void mount_get(struct mount *mount)
{
	if (mount)
		refcount_get(&mount->refs);
}

/* The last reference frees the file system. The caller holds no spinning lock. */
void mount_put(struct mount *mount);

/*
 * Puts the mount into the tree and takes over the caller's reference: on the directory `point`, or
 * on what covers that already, or as the tree's root if point is NULL. Returns 0; -ENOTDIR; -EINVAL
 * if each look-up makes another inode for point (`fleeting` of struct inode_ops); -ENOENT if point
 * has been removed, or is in a mount that is not in the tree; -ENOSPC if there are too many mounts;
 * -EBUSY if it is the tree's root. After an error the reference stays the caller's.
 */
int mount_attach(struct mount *mount, struct inode *point);

/* Woken when a mount is attached, detached, or given other flags; its sequence counts these changes. */
extern struct waitq mounts_changed;

/*
 * Changes the mount's flags to these, of which MOUNT_FLAGS are kept; what says nothing about access
 * times keeps MS_NOATIME and MS_NODIRATIME as they are. Returns 0; -EINVAL if it is not
 * in the tree; -EBUSY if it would become read-only and files are open for writing.
 */
int mount_set_flags(struct mount *mount, unsigned flags);

/*
 * Takes the mount whose root is `root` out of the tree. flags: MNT_*. Returns 0; -EINVAL if root is
 * not the root of a mount in the tree, or MNT_EXPIRE is not alone; -EBUSY if it is used and
 * MNT_DETACH is not set, or if it is the tree's root; -EAGAIN as MNT_EXPIRE has it.
 */
int mount_detach(struct inode *root, unsigned flags);

/* Takes all mounts out of the tree, the newest first. No program runs any more. */
void mount_detach_all(void);

/* Adds a reference to an inode and one to its mount. The caller has both, or a lock keeps them. */
static inline void path_get(struct inode *inode)
{
	inode_get(inode);
	mount_get(inode->mount);
}

/*
 * For the `inode` slot of struct object_ops: returns the inode that *at has, as by path_get(), or
 * NULL if its last reference, or that of its mount, is gone. The thread that frees the inode sets
 * *at to NULL before, with object->lock held.
 */
struct inode *inode_living(struct object *object, struct inode *const *at);

/* Drops both. NULL is allowed. The caller holds no spinning lock. */
void path_put(struct inode *inode);

/* Returns the root of the tree, without a reference: it stays. */
struct inode *mount_tree_root(void);

/* mount_enter() for a directory that something is mounted on, or was just now. */
void mount_enter_covered(struct inode **dir);

/*
 * Goes from a directory to the root of what is mounted on it, if anything is, and of what is
 * mounted on that. Takes over the path_get() of *dir and gives one for the new *dir.
 */
static inline void mount_enter(struct inode **dir)
{
	if (atomic_load(&(*dir)->cover))
		mount_enter_covered(dir);
}

/*
 * Goes from the root of a mount to the directory that it is mounted on, as often as that is a root
 * too, but not beyond `root`. References are as with mount_enter(). The tree's root, and that of a
 * mount which is not in the tree any more, stay as they are.
 */
void mount_leave(struct inode **dir, const struct inode *root);

/* Returns 0, or -EROFS if nothing may be changed on that mount (NULL: a memfd's). */
int mount_may_write(const struct mount *mount);

/*
 * A file is opened for writing, or a name or an attribute is about to change: until
 * mount_end_write() the mount is not made read-only. Returns 0 or -EROFS. They take no lock.
 */
int mount_begin_write(struct mount *mount);
void mount_end_write(struct mount *mount);

/* Do set-id bits give nothing there? */
static inline bool mount_ignores_set_id(const struct mount *mount)
{
	return mount && (atomic_load_relaxed(&mount->flags) & MS_NOSUID);
}

/* Is it mounted with MS_NOEXEC? NULL is a memfd's. */
static inline bool mount_forbids_programs(const struct mount *mount)
{
	return mount && (atomic_load_relaxed(&mount->flags) & MS_NOEXEC);
}

/* Is it mounted with MS_NODEV? */
static inline bool mount_forbids_devices(const struct mount *mount)
{
	return mount && (atomic_load_relaxed(&mount->flags) & MS_NODEV);
}

/*
 * sync(2): has all file systems, those included that are used but not in the tree any more, bring what
 * was written where it belongs. Waits until the tick `deadline` at most, UINT64_MAX: for ever.
 */
void mount_sync_all(uint64_t deadline);

/* Fills in all of it. */
void mount_statfs(struct mount *mount, struct abi_statfs *st);

/*
 * The oldest mount of the tree with a greater place than that, with a reference. NULL: there are no
 * more. A walk by places misses no mount that stays, whatever is mounted and unmounted meanwhile.
 */
struct mount *mount_after(uint64_t place);

/* The place of the mount that has the directory which this one covers; its own, if that is the tree's root or has left the tree. */
uint64_t mount_parent_place(struct mount *mount);
