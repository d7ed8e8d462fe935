/* SPDX-License-Identifier: MIT */
/* Permissions of a file: its mode, owner and group, and the sticky bit of its directory. */
#include "linux/fs/vfs/permission.h"

#include "abi/errno.h"
#include "linux/fs/notify/notify.h"
#include "sync/spinlock.h"

/* Owners and modes of inodes that have no lock for these: each change, and whether the thread may make it. */
static struct spinlock attr_lock = SPINLOCK_INIT(LOCK_FS);

/* As capable_wrt_inode_uidgid() of Linux says, for what the mode does not permit. */
static bool overrides(const struct inode *inode, uint32_t mode, unsigned mask)
{
	if (inode->ops->mode_binds)
		return false;
	if (!(mask & MAY_WRITE) && (S_ISDIR(mode) || mask == MAY_READ) &&
	    capable(CAP_DAC_READ_SEARCH))
		return true;
	/* Not even root executes a file without an x bit. */
	return (S_ISDIR(mode) || !(mask & MAY_EXEC) || (mode & 0111)) && capable(CAP_DAC_OVERRIDE);
}

int inode_permission(const struct inode *inode, unsigned mask)
{
	uint32_t mode = atomic_load_relaxed(&inode->mode), allowed = mode;

	if (current_cred()->fsuid == atomic_load_relaxed(&inode->uid))
		allowed = mode >> 6;
	else if (((mode ^ mode >> 3) & mask) && in_group_p(atomic_load_relaxed(&inode->gid)))
		allowed = mode >> 3;
	if (likely(!(mask & ~allowed)) || overrides(inode, mode, mask))
		return 0;
	return inode->ops->permits && inode->ops->permits(inode, mask) ? 0 : -EACCES;
}

bool inode_owner_or_capable(const struct inode *inode)
{
	return current_cred()->fsuid == atomic_load_relaxed(&inode->uid) || capable(CAP_FOWNER);
}

bool inode_may_know_cached(const struct inode *inode)
{
	return inode_owner_or_capable(inode) || inode_permission(inode, MAY_WRITE) == 0;
}

int may_delete(const struct inode *dir, const struct inode *victim)
{
	int err = may_create(dir);

	if (err || !(atomic_load_relaxed(&dir->mode) & S_ISVTX))
		return err;
	if (current_cred()->fsuid == atomic_load_relaxed(&victim->uid) ||
	    current_cred()->fsuid == atomic_load_relaxed(&dir->uid) || capable(CAP_FOWNER))
		return 0;
	return -EPERM;
}

/* atomic */
uint64_t protections[PROTECTIONS] = { [PROTECTED_HARDLINKS] = 1, [PROTECTED_SYMLINKS] = 1 };

/* Does it belong to the running thread, or to the owner of its directory? */
static bool is_trusted(const struct inode *dir, const struct inode *inode)
{
	uint32_t owner = atomic_load_relaxed(&inode->uid);

	return owner == current_cred()->fsuid || owner == atomic_load_relaxed(&dir->uid);
}

int may_follow_link(const struct inode *dir, const struct inode *link)
{
	if ((atomic_load_relaxed(&dir->mode) & (S_ISVTX | 0002)) != (S_ISVTX | 0002))
		return 0;
	return !atomic_load_relaxed(&protections[PROTECTED_SYMLINKS]) || is_trusted(dir, link)
		       ? 0
		       : -EACCES;
}

/* As on Linux, files of other types are protected in any case where everybody may write, and never where a group may. */
int may_create_over(const struct inode *dir, const struct inode *inode)
{
	uint32_t mode = atomic_load_relaxed(&dir->mode);
	uint64_t level = 1;

	if (!(mode & S_ISVTX))
		return 0;
	if (S_ISREG(inode->mode))
		level = atomic_load_relaxed(&protections[PROTECTED_REGULAR]);
	else if (S_ISFIFO(inode->mode))
		level = atomic_load_relaxed(&protections[PROTECTED_FIFOS]);
	if (!level || is_trusted(dir, inode))
		return 0;
	return (mode & 0002) || ((mode & 0020) && level > 1) ? -EACCES : 0;
}

int may_link(const struct inode *inode)
{
	uint32_t mode = atomic_load_relaxed(&inode->mode);

	if (!atomic_load_relaxed(&protections[PROTECTED_HARDLINKS]) ||
	    inode_owner_or_capable(inode))
		return 0;
	if (!S_ISREG(mode) || (mode & S_ISUID) || (mode & (S_ISGID | 0010)) == (S_ISGID | 0010) ||
	    inode_permission(inode, MAY_READ | MAY_WRITE))
		return -EPERM;
	return 0;
}

/* ---- changes of attributes ---- */

static bool in_group_or_capable(uint32_t gid)
{
	return in_group_p(gid) || capable(CAP_FSETID);
}

uint32_t set_id_bits_lost(uint32_t mode, uint32_t gid)
{
	uint32_t lost = mode & S_ISUID;

	if (S_ISDIR(mode))
		return 0;
	if ((mode & S_ISGID) && ((mode & 0010) || !in_group_or_capable(gid)))
		lost |= S_ISGID;
	return lost;
}

static bool may_chown(const struct inode *inode, uint32_t uid)
{
	uint32_t owner = atomic_load_relaxed(&inode->uid);

	return (current_cred()->fsuid == owner && uid == owner) || capable(CAP_CHOWN);
}

static bool may_chgrp(const struct inode *inode, uint32_t gid)
{
	if (current_cred()->fsuid == atomic_load_relaxed(&inode->uid) &&
	    (gid == atomic_load_relaxed(&inode->gid) || in_group_p(gid)))
		return true;
	return capable(CAP_CHOWN);
}

/* A change of owner that takes set-id bits is one of the mode, which is the owner's. */
static bool changes_mode(const struct inode *inode, const struct inode_attr *attr)
{
	if (attr->valid & ATTR_MODE)
		return true;
	return (attr->valid & ATTR_DROP_SET_ID) &&
	       set_id_bits_lost(atomic_load_relaxed(&inode->mode),
				atomic_load_relaxed(&inode->gid));
}

int may_set_attr(const struct inode *inode, struct inode_attr *attr)
{
	uint32_t gid = attr->valid & ATTR_GID ? attr->gid : atomic_load_relaxed(&inode->gid);

	if ((attr->valid & ATTR_UID) && !may_chown(inode, attr->uid))
		return -EPERM;
	if ((attr->valid & ATTR_GID) && !may_chgrp(inode, attr->gid))
		return -EPERM;
	if (changes_mode(inode, attr) && !inode_owner_or_capable(inode))
		return -EPERM;
	if ((attr->valid & ATTR_MODE) && !in_group_or_capable(gid))
		attr->mode &= ~S_ISGID;
	if (!(attr->valid & (ATTR_ATIME | ATTR_MTIME)) || inode_owner_or_capable(inode))
		return 0;
	return attr->valid & ATTR_TOUCH ? inode_permission(inode, MAY_WRITE) : -EPERM;
}

int simple_setattr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr change = *attr;
	int err;

	spin_lock(&attr_lock);
	err = may_set_attr(inode, &change);
	if (err == 0)
		inode_set_attr(inode, &change);
	spin_unlock(&attr_lock);
	return err;
}

void inode_drop_privileges(struct inode *inode)
{
	uint32_t lost = set_id_bits_lost(atomic_load_relaxed(&inode->mode),
					 atomic_load_relaxed(&inode->gid));

	if (!lost || !S_ISREG(inode->mode) || capable(CAP_FSETID))
		return;
	(void)atomic_and(&inode->mode, ~lost);
	notify_inode(inode, IN_ATTRIB);
}

/* ---- new files ---- */

void inode_init_owner(struct inode *inode, const struct inode *dir)
{
	uint32_t dir_mode = dir ? atomic_load_relaxed(&dir->mode) : 0;

	inode->uid = current_cred()->fsuid;
	inode->gid = current_cred()->fsgid;
	if (!(dir_mode & S_ISGID))
		return;
	inode->gid = atomic_load_relaxed(&dir->gid);
	if (S_ISDIR(inode->mode))
		inode->mode |= S_ISGID;
	else if ((inode->mode & (S_ISGID | 0010)) == (S_ISGID | 0010) &&
		 !in_group_or_capable(inode->gid))
		inode->mode &= ~S_ISGID;
}
