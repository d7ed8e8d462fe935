/* SPDX-License-Identifier: MIT */
/* System calls that change a file's attributes, or ask what they permit. */
#pragma once

#include "linux/fs/vfs/inode.h"

/*
 * In all of these `dir` and `path` are as in linux/fs/vfs/namei.h. They return 0, or a negative errno: that
 * of the path, -EROFS, or the file system's. The caller holds no spinning lock.
 */

/* Changes all that attr->valid names, but not the size. -EINVAL: ATTR_WRONG_TIME. -EOPNOTSUPP: the mode of a link. */
int fs_set_attr(struct file *dir, const char *path, bool follow, const struct inode_attr *attr);

/* Changes attributes of an open file. -EPERM: it has none of its own, as an eventfd. -ENOMEM, for a pipe. */
int fs_set_attr_file(struct file *file, const struct inode_attr *attr);

/*
 * May the running thread, with its real ids unless AT_EACCESS is set, do that (MAY_* of linux/fs/vfs/permission.h) with the
 * file? flags: AT_EACCESS, AT_SYMLINK_NOFOLLOW. An empty path is the open file itself. -EACCES: it may not, or the mount forbids programs. -EROFS is not for devices. -ENOMEM.
 */
int fs_access(struct file *dir, const char *path, unsigned flags, unsigned mask);

/* truncate(2): -EISDIR, -EINVAL if it is no regular file, -ETXTBSY if it is being executed. */
int fs_truncate(struct file *dir, const char *path, uint64_t size);
