/* SPDX-License-Identifier: MIT */
/* System calls on mounts: mount, umount2, statfs. */
#pragma once

#include "desc/file.h"

struct abi_statfs;
struct fs_type;

/*
 * In all of these `dir` and `path` are as in linux/fs/vfs/namei.h. They return 0 or a negative errno, the
 * same as on Linux. The caller holds no spinning lock.
 */

/* Boot: the type can be mounted from now on. tmpfs, devtmpfs, proc and sysfs need not be added. */
void fs_add_type(const struct fs_type *type);
/* The types by index; NULL: there is none any more. */
const struct fs_type *fs_type_at(unsigned index);

/*
 * Makes a file system of the type with that name and mounts it on the directory. flags: MS_*, of
 * which MOUNT_FLAGS are kept. `options` are as in struct fs_type. A type that is NULL is -EINVAL,
 * one that is not known -ENODEV.
 */
int fs_mount(const char *type, const char *source, struct file *dir, const char *path,
	     unsigned flags, const char *options);

/*
 * Changes the flags of the mount whose root is at path. -EBUSY: files are open for writing, and it
 * would become read-only.
 */
int fs_remount(struct file *dir, const char *path, unsigned flags, const char *options);

/* Returns 0 if there is a directory, -ENOTDIR if something else, or an error of the walk. */
int fs_find_directory(struct file *dir, const char *path);

/* Does umount2(2) refuse these flags on any path? Returns 0 or -EINVAL. */
int fs_umount_check_flags(unsigned flags);

/* umount2(2); flags: MNT_* and UMOUNT_NOFOLLOW, checked. */
int fs_umount(struct file *dir, const char *path, unsigned flags);

int fs_statfs(struct file *dir, const char *path, struct abi_statfs *st);
void fs_statfs_file(struct file *file, struct abi_statfs *st);
