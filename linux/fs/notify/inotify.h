/* SPDX-License-Identifier: MIT */
/* Instances of inotify: the queue of events that a read takes, and the watches that fill it. */
#pragma once

#include "abi/inotify.h"
#include "lib/tree.h"
#include "linux/fs/vfs/inode.h"

struct inotify;

/* What a watch counts as among the memory of open files: with an inode that it may pin. */
#define INOTIFY_WATCH_BYTES FILE_BYTES

/*
 * An instance watches an inode. The watch does not keep the mount in use. It pins an inode that its file system may free
 * although it has a name. Belongs to the instance; all of it is guarded by notify_lock (linux/fs/notify/notify.c).
 */
struct inotify_watch {
	struct tree_node by_wd;
	struct list by_inode;
	struct list by_mount; /* unless the inode is on no mount */
	/* NULL: the watch has ended, but the mount was already being freed, and drops the pin. */
	struct inotify *instance;
	struct inode *inode;
	int32_t wd;
	uint32_t mask; /* events, IN_UNMOUNT, IN_EXCL_UNLINK, IN_ONESHOT */
	bool pins;
};

/* An event of an inode, before it is queued for one watch. */
struct notify_event {
	uint32_t mask, cookie;
	const char *name; /* NULL: none */
	size_t len;
	bool unlinked; /* it is of an open file whose name was removed */
};

/*
 * The limits of /proc/sys/fs/inotify: the first is for instances that are made from then on, the others are for each user.
 * Atomic.
 */
enum { INOTIFY_QUEUED_EVENTS, INOTIFY_INSTANCES, INOTIFY_WATCHES, INOTIFY_LIMITS };
extern uint64_t inotify_limits[INOTIFY_LIMITS];

/* Creates an instance. `flags`: O_NONBLOCK or 0. Returns 0, -EMFILE at the user's limit, -ENFILE or -ENOMEM. */
int inotify_create(unsigned flags, struct file **file_ret);

bool file_is_inotify(const struct file *file);

/*
 * Watches the inode, or changes the mask with which the instance does so already: `mask` is valid. Returns the number of
 * the watch; -EEXIST with IN_MASK_CREATE; -ENOSPC at the user's limit or that of files' memory; -ENOMEM. The caller
 * has a path_get() of the inode.
 */
int inotify_watch(struct file *file, struct inode *inode, uint32_t mask);

/* Watches what a path names. Also returns errors of the walk, -ENOTDIR with IN_ONLYDIR, and -EACCES: it may not be read. */
int inotify_watch_path(struct file *file, struct file *dir, const char *path, uint32_t mask);

/* Ends a watch. Returns 0, or -EINVAL: there is none of that number. */
int inotify_unwatch(struct file *file, int32_t wd);

/* For linux/fs/notify/notify.c, which holds notify_lock: queues an event, and puts the watch among those of the instance or takes it out. */
void inotify_queue(struct inotify *instance, int32_t wd, const struct notify_event *event);
int inotify_link(struct inotify_watch *watch);
void inotify_unlink(struct inotify_watch *watch);

/* linux/fs/notify/notify.c: the watches of inodes. The caller holds notify_lock. */
extern struct mutex notify_lock;
/* Returns the instance's watch of the inode, or NULL. */
struct inotify_watch *notify_find_locked(const struct inotify *instance, struct inode *inode);
/* The watch has its inode, instance, wd and mask, and is known from here on. */
void notify_link_locked(struct inotify_watch *watch);
/* The mask has changed. */
void notify_mask_locked(struct inode *inode);
/*
 * Takes the watch away from its inode and its instance, and frees it, or leaves that to who is freeing the mount. Returns
 * the inode as by path_get(), which the caller drops without the lock, or NULL.
 */
struct inode *notify_unlink_locked(struct inotify_watch *watch);
