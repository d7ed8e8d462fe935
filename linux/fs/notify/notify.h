/* SPDX-License-Identifier: MIT */
/* Events of files for inotify, reported by the calls that cause them. */
/*
 * Each kind of event is reported in one place, after it has happened, by the code that all file systems share. While there
 * is no watch, a report costs a load and a branch. The functions take a mutex (notify_lock) that stands inside all
 * others, so they may be called with any mutex held, and with no spinning lock.
 */
#pragma once

#include "abi/inotify.h"
#include "lib/bits.h"
#include "linux/fs/vfs/inode.h"

struct mount;
struct path_part;

/* How many watches there are, of all instances of inotify; atomic. */
extern uint32_t notify_nwatches;

static inline bool notify_is_used(void)
{
	return unlikely(atomic_load_relaxed(&notify_nwatches) != 0);
}

void notify_file_slow(struct file *file, uint32_t event);
void notify_inode_slow(struct inode *inode, uint32_t event);
void notify_own_slow(struct inode *inode, uint32_t event);
void notify_name_slow(struct inode *dir, const char *name, size_t len, uint32_t event);

/*
 * Something was done with an open file. `event` is one of IN_ACCESS, IN_MODIFY, IN_OPEN and IN_CLOSE_*. A file without an
 * inode, or of O_PATH, has no events. The watches of the file and of the directory that it is in get the event.
 */
static inline void notify_file(struct file *file, uint32_t event)
{
	if (notify_is_used())
		notify_file_slow(file, event);
}

/* Reports an event of an inode that was not opened, and IN_ATTRIB of any. */
static inline void notify_inode(struct inode *inode, uint32_t event)
{
	if (notify_is_used())
		notify_inode_slow(inode, event);
}

/* Tells only those who watch the inode itself. */
static inline void notify_own(struct inode *inode, uint32_t event)
{
	if (notify_is_used())
		notify_own_slow(inode, event);
}

/* The directory has a new name: IN_CREATE. `mode` has the type of what it names. */
static inline void notify_name(struct inode *dir, const char *name, size_t len, uint32_t mode)
{
	if (notify_is_used())
		notify_name_slow(dir, name, len, IN_CREATE | (S_ISDIR(mode) ? IN_ISDIR : 0));
}

/*
 * A name has been removed: of a directory, or of something else. `gone` is what had it, whose reference is dropped here, or
 * NULL if it is not in use.
 */
void notify_removed(struct inode *dir, const char *name, size_t len, bool directory,
		    struct inode *gone);
/* Names have been moved, as `moves` says, whose references are dropped here. The parts are those of the call. */
void notify_renamed(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
		    const struct path_part *new, struct inode_moves *moves);

/*
 * A file is about to be opened by a name. If the inode has several, events of the file carry this one (name_id of struct
 * linux_file).
 */
void notify_opened_by_slow(struct file *file, const struct inode *inode, struct inode *dir,
			   const struct path_part *name);
static inline void notify_opened_by(struct file *file, const struct inode *inode, struct inode *dir,
				    const struct path_part *name)
{
	if (notify_is_used())
		notify_opened_by_slow(file, inode, dir, name);
}

/*
 * No look-up finds the inode any more: watches do not keep it in memory from here on. The caller has a reference. Only for
 * inodes without `names_hold` (struct inode_ops); any others are left alone.
 */
void notify_unpin(struct inode *inode);

/* The inode is being freed: tells so, and ends its watches. Out of line: it has some. */
void notify_inode_freed(struct inode *inode);

/* The mount is being freed, and its file system has not been called yet. Ends all watches of its inodes. */
void notify_unmount(struct mount *mount);

/* Called once, during boot. */
void notify_init(void);
