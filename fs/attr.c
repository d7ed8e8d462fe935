/* SPDX-License-Identifier: MIT */
/* System calls that change a file's attributes: mode, owner, times, and size by path. */
#include "fs/attr.h"

#include "abi/errno.h"
#include "fs/path.h"
#include "mm/object.h"

static struct inode_attr without_set_id(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr changed = *attr;

	changed.valid &= ~ATTR_DROP_SET_ID;
	if ((attr->valid & ATTR_DROP_SET_ID) && !S_ISDIR(inode->mode)) {
		changed.valid |= ATTR_MODE;
		changed.mode = inode->mode & ~(unsigned)S_ISUID;
		if (changed.mode & 0010)
			changed.mode &= ~(unsigned)S_ISGID;
	}
	return changed;
}

static int set_attr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr changed = without_set_id(inode, attr);
	int err = mount_may_write(inode->mount);

	if (err)
		return err;
	return inode->ops->setattr ? inode->ops->setattr(inode, &changed) : -EPERM;
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
	return file->ops->has_inode ? set_attr(file_inode(file), attr) : -EPERM;
}

static int truncate_inode(struct inode *inode, uint64_t size)
{
	int err;

	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode) || !inode->ops->resize)
		return -EINVAL;
	err = mount_may_write(inode->mount);
	if (err == 0 && inode->object)
		err = object_get_write(inode->object);
	if (err)
		return err;
	err = inode->ops->resize(inode, size);
	if (inode->object)
		object_put_write(inode->object);
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
