/* SPDX-License-Identifier: MIT */
/* The tree of /dev: a tmpfs (linux/fs/tmpfs/tmpfs.h) into which the kernel puts its devices at boot. */
#pragma once

#include "desc/file.h"

/* Makes the file system, which is in no tree yet. Returns 0 or -ENOMEM. Call once, before the others. */
int devtmpfs_start(void);

/*
 * Adds a device file at `path`, which is relative to the root of the file system. Directories are
 * created on the way. mode has the type, S_IFCHR or S_IFBLK, and the permissions. Files opened
 * through it use ops, and device_of(file) returns device. Programs may make more files of that type and number, with mknod.
 * Returns 0 or a negative errno, as make_path() (linux/fs/vfs/path.h); nothing refers to device then.
 */
int devtmpfs_add(const char *path, const struct file_ops *ops, void *device, uint32_t mode,
		 uint64_t rdev);

/* Adds a symbolic link. Errors as for devtmpfs_add(). */
int devtmpfs_add_symlink(const char *path, const char *target);

/* Adds an empty directory, for another file system to be mounted on. Errors as for devtmpfs_add(). */
int devtmpfs_add_directory(const char *path);
