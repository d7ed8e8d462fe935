/* SPDX-License-Identifier: MIT */
/* What system calls do to names: make, link, remove, read. */
#pragma once

#include "fs/file.h"

/*
 * All: `dir` is where a relative path begins: an open file (-ENOTDIR where it is no directory), or
 * NULL for the root. path: a kernel string, not empty. The errors are those of Linux's tmpfs. => no
 * spinning lock held
 */

/* mode: permissions, the umask taken away. */
int fs_mkdir(struct file *dir, const char *path, unsigned mode);

/* A regular file (type 0 or S_IFREG); other types -EPERM, what is no type -EINVAL. */
int fs_mknod(struct file *dir, const char *path, unsigned mode);

/* A symbolic link. For the boot archive, until there is a system call. */
int fs_symlink(struct file *dir, const char *path, const char *target, size_t target_len);

int fs_unlink(struct file *dir, const char *path);
int fs_rmdir(struct file *dir, const char *path);

/* follow: a link at the end of old_path is gone into. */
int fs_link(struct file *old_dir, const char *old_path, bool follow, struct file *new_dir,
	    const char *new_path);
/* The same for the file that is open as `old`. */
int fs_link_file(struct file *old, struct file *new_dir, const char *new_path);

int fs_stat(struct file *dir, const char *path, bool follow, struct abi_stat *st);

/* The target, not terminated, cut to size: its length; -EINVAL: no link. */
ssize_t fs_readlink(struct file *dir, const char *path, char *buf, size_t size);
/* The same for a link that is open by O_PATH; -ENOENT: no link, as Linux has it. */
ssize_t fs_readlink_file(struct file *file, char *buf, size_t size);

/*
 * The absolute path of an open directory: length with NUL; -ENOENT: it has been removed; -ERANGE.
 */
ssize_t fs_getcwd(struct file *dir, char *buf, size_t size);
