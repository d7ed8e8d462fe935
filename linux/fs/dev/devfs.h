/* SPDX-License-Identifier: MIT */
/* The file system of devices, which is mounted on /dev. Its names are the kernel's. */
#pragma once

#include "linux/fs/vfs/mount.h"

/*
 * Adds a device file at `path`, which is relative to the root of the file system. Directories are
 * created on the way. mode has the type, S_IFCHR or S_IFBLK, and the permissions. Files opened
 * through it use ops, and device_of(file) returns device. Returns 0, -ENOMEM, -EEXIST, -ENOTDIR,
 * -ENAMETOOLONG, or -EINVAL for a path that is empty or has "." or ".." in it.
 */
int devfs_add(const char *path, const struct file_ops *ops, void *device, uint32_t mode,
	      uint64_t rdev);

/* Adds a symbolic link; the target stays as it is. Errors as for devfs_add(). */
int devfs_add_symlink(const char *path, const char *target);

/* Adds an empty directory, for another file system to be mounted on. Errors as for devfs_add(). */
int devfs_add_directory(const char *path);

static inline void *device_of(struct file *file)
{
	return file_inode(file)->device;
}

/*
 * There is one file system of this type, which has what was added before and after it was mounted.
 * While it is in the tree, mounting it again is refused with -EBUSY.
 */
extern const struct fs_type devfs_type;
