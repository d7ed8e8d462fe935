/* SPDX-License-Identifier: MIT */
/* System calls that change a file's attributes: mode, owner, times, and size by path. */
#include "linux/fs/vfs/attr.h"

#include "abi/errno.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "mm/object/object.h"

/* As on Linux: a change of one time alone is reported as the access or the modification that it stands for. */
static __attribute__((noinline)) void tell_attr(struct inode *inode, unsigned valid,
						uint32_t mode_before)
{
	const unsigned times = valid & (ATTR_ATIME | ATTR_MTIME);
	uint32_t event = 0;

	if ((valid & (ATTR_UID | ATTR_GID | ATTR_MODE)) || times == (ATTR_ATIME | ATTR_MTIME) ||
	    atomic_load_relaxed(&inode->mode) != mode_before)
		event |= IN_ATTRIB;
	else if (times)
		event |= times == ATTR_ATIME ? IN_ACCESS : IN_MODIFY;
	if (event)
		notify_inode(inode, event);
}

static int set_attr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr change = *attr;
	struct mount *mount = inode->mount;
	uint32_t before;
	int err;

	if (attr->valid & ATTR_WRONG_TIME)
		return -EINVAL;
	if ((attr->valid & ATTR_MODE) && S_ISLNK(inode->mode))
		return -EOPNOTSUPP;
	err = mount ? mount_begin_write(mount) : 0;
	if (err)
		return err;
	err = may_set_attr(inode, &change);
	before = atomic_load_relaxed(&inode->mode);
	if (err == 0)
		err = inode->ops->setattr ? inode->ops->setattr(inode, &change) : -EPERM;
	if (err == 0 && notify_is_used())
		tell_attr(inode, change.valid, before);
	if (mount)
		mount_end_write(mount);
	return err;
}

int fs_set_attr(struct file *dir, const char *path, bool follow, const struct inode_attr *attr)
{
	struct inode *inode;
	int err = path_lookup(path_start(dir), path, follow, &inode);

	if (err)
		return err;
	err = set_attr(inode, attr);
	path_put(inode);
	return err;
}

int fs_set_attr_file(struct file *file, const struct inode_attr *attr)
{
	struct inode_attr change = *attr;
	struct inode *inode;
	int err;

	change.valid |= ATTR_OF_FILE;
	if (file->ops->has_inode)
		return set_attr(file_inode(file), &change);
	if (!file_more(file)->inode && (attr->valid & ATTR_WRONG_TIME))
		return -EINVAL;
	if (file_more(file)->set_attr)
		return file_more(file)->set_attr(file, &change);
	if (!file_more(file)->inode)
		return -EPERM;
	err = file_more(file)->inode(file, &inode);
	if (err)
		return err;
	err = set_attr(inode, &change);
	path_put(inode);
	return err;
}

/* The order is Linux's. */
static int may_access(const struct inode *inode, unsigned mask)
{
	int err;

	if ((mask & MAY_EXEC) && S_ISREG(inode->mode) && mount_forbids_programs(inode->mount))
		return -EACCES;
	err = (mask & MAY_WRITE) && !inode_is_special(inode) ? mount_may_write(inode->mount) : 0;
	return err ? err : inode_permission(inode, mask);
}

/* A file without an inode is no program. */
static int path_access(struct file *dir, const char *path, unsigned flags, unsigned mask)
{
	struct inode *inode;
	int err;

	if (*path == '\0' && !dir->ops->has_inode)
		return mask & MAY_EXEC ? -EACCES : 0;
	if (*path == '\0')
		return may_access(file_inode(dir), mask);
	err = path_lookup(path_start(dir), path, !(flags & AT_SYMLINK_NOFOLLOW), &inode);
	if (err)
		return err;
	err = may_access(inode, mask);
	path_put(inode);
	return err;
}

/* The capabilities are those that the real user would have. */
static struct cred *real_user(void)
{
	struct cred *cred = cred_prepare();

	if (!cred)
		return NULL;
	cred->fsuid = cred->uid;
	cred->fsgid = cred->gid;
	if (!(cred->securebits & SECBIT_NO_SETUID_FIXUP))
		cred->cap_effective = cred->uid == 0 ? cred->cap_permitted : 0;
	return cred;
}

/* Would real_user() say nothing new? */
static bool acts_as_real_user(const struct cred *cred)
{
	if (cred->fsuid != cred->uid || cred->fsgid != cred->gid)
		return false;
	return cred->cap_effective == (cred->uid == 0 ? cred->cap_permitted : 0);
}

int fs_access(struct file *dir, const char *path, unsigned flags, unsigned mask)
{
	struct cred *cred;
	int err;

	if ((flags & AT_EACCESS) || acts_as_real_user(current_cred()))
		return path_access(dir, path, flags, mask);
	cred = real_user();
	if (!cred)
		return -ENOMEM;
	cred_override(cred);
	err = path_access(dir, path, flags, mask);
	cred_revert();
	cred_put(cred);
	return err;
}

static int truncate_inode(struct inode *inode, uint64_t size)
{
	int err;

	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -EINVAL;
	err = mount_may_write(inode->mount);
	if (err == 0)
		err = inode_permission(inode, MAY_WRITE);
	if (err == 0 && !inode->ops->resize)
		err = -EINVAL;
	if (err == 0 && inode->object)
		err = object_get_write(inode->object);
	if (err)
		return err;
	err = inode->ops->resize(inode, size);
	if (inode->object)
		object_put_write(inode->object);
	if (inode->ops->end_write)
		inode->ops->end_write(inode);
	if (err == 0)
		notify_inode(inode, IN_MODIFY);
	return err;
}

int fs_truncate(struct file *dir, const char *path, uint64_t size)
{
	struct inode *inode;
	int err = path_lookup(path_start(dir), path, true, &inode);

	if (err)
		return err;
	err = truncate_inode(inode, size);
	path_put(inode);
	return err;
}
