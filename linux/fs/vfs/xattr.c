/* SPDX-License-Identifier: MIT */
/* Extended attributes: which names there are, and who may have them. */
#include "linux/fs/vfs/xattr.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/permission.h"

#define USER "user."

static bool is_user_name(const char *name)
{
	return strncmp(name, USER, sizeof(USER) - 1) == 0;
}

/* As on Linux, only files and directories have what users may name. NULL: a pipe or the like. */
static bool may_have_user_names(const struct inode *inode)
{
	return inode && (S_ISREG(inode->mode) || S_ISDIR(inode->mode));
}

/* Others do not mark a directory in which everybody may make files. */
static bool is_anothers_sticky(const struct inode *inode)
{
	return S_ISDIR(inode->mode) && (inode->mode & S_ISVTX) && !inode_owner_or_capable(inode);
}

/* Returns 0 if the file system is to be asked. `mask`: MAY_READ or MAY_WRITE. */
static int check_name(const struct inode *inode, const char *name, unsigned mask)
{
	int err;

	if (!is_user_name(name))
		return -EOPNOTSUPP;
	if (!may_have_user_names(inode))
		return mask == MAY_READ ? -ENODATA : -EPERM;
	if (mask == MAY_WRITE && is_anothers_sticky(inode))
		return -EPERM;
	err = inode_permission(inode, mask);
	if (err)
		return err;
	if (!inode->ops->get_xattr)
		return -EOPNOTSUPP;
	return name[sizeof(USER) - 1] == '\0' ? -EINVAL : 0;
}

ssize_t xattr_get(struct inode *inode, const char *name, vaddr_t to, size_t size)
{
	ssize_t err = check_name(inode, name, MAY_READ);

	return err ?: inode->ops->get_xattr(inode, name, to, size);
}

ssize_t xattr_list(struct inode *inode, vaddr_t to, size_t size)
{
	if (!may_have_user_names(inode) || !inode->ops->list_xattr)
		return 0;
	return inode->ops->list_xattr(inode, to, size);
}

int xattr_set(struct inode *inode, const char *name, const void *value, size_t size, unsigned flags)
{
	int err = check_name(inode, name, MAY_WRITE)
			  ?: inode->ops->set_xattr(inode, name, value, size, flags);

	if (err == 0)
		notify_inode(inode, IN_ATTRIB);
	return err;
}

int xattr_remove(struct inode *inode, const char *name)
{
	int err = check_name(inode, name, MAY_WRITE) ?: inode->ops->remove_xattr(inode, name);

	if (err == 0)
		notify_inode(inode, IN_ATTRIB);
	return err;
}
