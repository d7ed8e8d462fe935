/* SPDX-License-Identifier: MIT */
/* System calls on names: create, link, remove, stat, and read links. */
#pragma once

#include "desc/file.h"

/*
 * In all of these `dir` is the open file where a relative path starts, or NULL for the root; they
 * return -ENOTDIR if it is not a directory. `path` is a kernel string and not empty. All return 0
 * or a length, or a negative errno, the same as on Linux's tmpfs. The caller holds no spinning
 * lock.
 */

/* mode: permissions with the umask already applied. */
int fs_mkdir(struct file *dir, const char *path, unsigned mode);

/*
 * Creates a regular file (type 0 or S_IFREG), a named pipe, the name of a socket, or a device of
 * linux/fs/dev/special.h. -EPERM: another device, a directory, or the file system has no such files; -EINVAL: no
 * type. fs_may_mknod() looks at the type alone.
 */
int fs_may_mknod(unsigned mode);
int fs_mknod(struct file *dir, const char *path, unsigned mode, uint64_t rdev);
/* Creates a name of a send end. Anybody may who may create a name there. */
int fs_serve(struct file *dir, const char *path, unsigned mode, struct file *send);

/* Creates a symbolic link to target, which is not empty. */
int fs_symlink(const char *target, struct file *dir, const char *path);

/* Returns what is wrong with the way to the last name of a path; that need not exist. 0: nothing. */
int fs_check_parent(struct file *dir, const char *path);

/* renameat2(2). */
int fs_rename(struct file *old_dir, const char *old_path, struct file *new_dir,
	      const char *new_path, unsigned flags);

int fs_unlink(struct file *dir, const char *path);
int fs_rmdir(struct file *dir, const char *path);

/* With `follow`, a symbolic link at the end of old_path is followed. */
int fs_link(struct file *old_dir, const char *old_path, bool follow, struct file *new_dir,
	    const char *new_path);
/* Makes a link to the open file `old`. */
int fs_link_file(struct file *old, struct file *new_dir, const char *new_path);

int fs_stat(struct file *dir, const char *path, bool follow, struct abi_stat *st);

/*
 * Copies the link's target into buf, which has PATH_MAX bytes and may be where the path is. Returns
 * its length; -EINVAL if the path is not a symbolic link.
 */
ssize_t fs_readlink(struct file *dir, const char *path, char *buf);
/* Copies the target of a link opened by O_PATH. As on Linux, returns -ENOENT if the file is no link. */
ssize_t fs_readlink_file(struct file *file, char *buf);

/*
 * Copies the absolute path of an open directory into buf. Returns the length with the NUL, -ENOENT
 * if the directory has been removed, or -ERANGE if the path does not fit.
 */
ssize_t fs_getcwd(struct file *dir, char *buf, size_t size);
