/* SPDX-License-Identifier: MIT */
/* Opening files by path, for system calls and the kernel's own use. */
#pragma once

#include "fs/file.h"

/*
 * All: `dir` is where relative paths begin: an open directory's file, or NULL for the root. path: a
 * kernel string.
 * => no spinning lock held
 */

/*
 * open(2): flags and mode as the program gave them, mode less the umask. 0 and a file with one
 * reference, or negative errno as Linux's tmpfs.
 */
int fs_open(struct file *dir, const char *path, unsigned flags, unsigned mode,
	    struct file **file_ret);

/*
 * Flags that open(2) refuses whatever the path is: 0, -EINVAL, -EOPNOTSUPP. (fs_open() looks too.)
 */
int fs_open_check_flags(unsigned flags);

/*
 * The image that execve(2) is to run: *object_ret referenced, *path_ret its absolute path by
 * kmalloc(), links in it resolved but for the last. 0; -EACCES where it is no regular file or has
 * no x; the look-up's errors; -ENOMEM.
 */
int fs_open_exec(struct file *dir, const char *path, struct object **object_ret, char **path_ret);

/* The root directory as a file, for the first process's cwd; NULL: out of memory. */
struct file *fs_open_root(void);
