/* SPDX-License-Identifier: MIT */
/* Permissions of a file: its mode, owner and group, and the sticky bit of its directory. */
#pragma once

#include "linux/fs/vfs/inode.h"
#include "linux/process/cred.h"

#define MAY_EXEC  1u /* for directories: to search */
#define MAY_WRITE 2u
#define MAY_READ  4u

/*
 * May the running thread do that (MAY_*)? Returns 0 or -EACCES. As in Linux's generic_permission() the
 * owner's bits count for the owner, even if others have more.
 */
int inode_permission(const struct inode *inode, unsigned mask);

#define SEARCH_MODE (S_IFDIR | 0111u)

/* For each component of a path: may dir be searched? Nearly all directories may be, by everybody. */
static inline int may_search(const struct inode *dir)
{
	uint32_t mode = atomic_load_relaxed(&dir->mode);

	if (likely((mode & (S_IFMT | 0111u)) == SEARCH_MODE))
		return 0;
	return S_ISDIR(mode) ? inode_permission(dir, MAY_EXEC) : -ENOTDIR;
}

/* May a name be made in the directory? Returns 0 or -EACCES. Where no name can be made, that is what is answered. */
static inline int may_create(const struct inode *dir)
{
	return dir->ops->fixed_names ? 0 : inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/*
 * May the name of `victim` be removed from the directory, or given to another file? Returns 0, -EACCES, or
 * -EPERM: the directory is sticky, and neither of the two is the thread's. Takes no lock: a file system calls
 * it while the name cannot change.
 */
int may_delete(const struct inode *dir, const struct inode *victim);

/* What root can switch off and on: fs.protected_hardlinks and its like of /proc/sys. Atomic; as the kernel of Linux has them at first. */
enum { PROTECTED_FIFOS, PROTECTED_HARDLINKS, PROTECTED_REGULAR, PROTECTED_SYMLINKS, PROTECTIONS };
extern uint64_t protections[PROTECTIONS];

/*
 * May a link at the end of a path be followed? In a sticky directory that everybody may write to, only that of the
 * thread itself or of the directory's owner: -EACCES. And may a file get another name? -EPERM: it is another's, and
 * the thread may not read and write it, or it has set-id bits.
 */
int may_follow_link(const struct inode *dir, const struct inode *link);
int may_link(const struct inode *inode);

/*
 * May O_CREAT open what is there already? In a sticky directory, where another user may have put it in the way, only what belongs to
 * the thread or to the directory's owner: -EACCES. This holds where everybody may write to the directory; with 2, also where its
 * group may.
 */
int may_create_over(const struct inode *dir, const struct inode *inode);

/* Does the file belong to the running thread, or may it do as its owner may? */
bool inode_owner_or_capable(const struct inode *inode);
/* From the pages that are in memory, it can be learned what others read: that is for those who might write the file. */
bool inode_may_know_cached(const struct inode *inode);

/*
 * May the running thread make these changes (struct inode_attr)? Returns 0, -EPERM or -EACCES. A mode with the
 * set-group-ID bit loses it here where the thread is not in the group.
 */
int may_set_attr(const struct inode *inode, struct inode_attr *attr);

/*
 * The setattr slot of inodes that have no lock for it: asks again, since the file may be another user's by now, and makes the
 * change, one thread at a time. Returns 0, -EPERM or -EACCES.
 */
int simple_setattr(struct inode *inode, const struct inode_attr *attr);

/* Which of the set-id bits does a file with that mode lose when it is written to, or gets another owner? */
uint32_t set_id_bits_lost(uint32_t mode, uint32_t gid);

/* The file is about to be written to: takes its set-id bits, unless the thread may keep them. */
void inode_drop_privileges(struct inode *inode);

/*
 * A new inode in a directory, before it has a name: it is the running thread's, and the group is the
 * directory's if that has the set-group-ID bit. NULL: there is no directory.
 */
void inode_init_owner(struct inode *inode, const struct inode *dir);
