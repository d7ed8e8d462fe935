/* SPDX-License-Identifier: MIT */
/* Opens files by path, for system calls and for the kernel itself. */
#pragma once

#include "desc/file.h"

/*
 * In all of these `dir` is the open directory where a relative path starts, or NULL for the root,
 * and `path` is a kernel string. The caller holds no spinning lock.
 */

/*
 * Does the work of open(2). `flags` are the program's; `mode` has the umask applied. Returns 0 and
 * a file with one reference, or a negative errno, the same as on Linux's tmpfs.
 */
int fs_open(struct file *dir, const char *path, unsigned flags, unsigned mode,
	    struct file **file_ret);

/* Opens a directory as the working directory: -EACCES if it may not be searched; it need not be readable. */
int fs_open_cwd(struct file *dir, const char *path, struct file **file_ret);

/* Opens a file as fs_open() does, with RESOLVE_* as openat2 has it. */
int fs_open_resolve(struct file *dir, const char *path, unsigned flags, unsigned mode,
		    unsigned resolve, struct file **file_ret);

/* Does open(2) refuse these flags on any path? Returns 0 or -EINVAL. */
int fs_open_check_flags(unsigned flags);

/*
 * Finds the image that execve(2) is to run. *object_ret is referenced by object_use(). *path_ret is
 * its absolute path, allocated with kmalloc(); links in it are resolved, except the last component.
 * Returns 0, -EACCES if the file is not regular or may not be executed, -ELOOP if the last component is a
 * symbolic link and `follow` is not set, an error of the path lookup, or -ENOMEM.
 */
int fs_open_exec(struct file *dir, const char *path, bool follow, struct object **object_ret,
		 char **path_ret);

/*
 * Gets the object of an open file for exec. *path_ret is the file's name as inode_name() writes it. Returns 0,
 * -EACCES or -ENOMEM.
 */
int fs_open_exec_file(struct file *file, struct object **object_ret, char **path_ret);

/* Opens the root directory, as the first process's working directory. NULL: out of memory. */
struct file *fs_open_root(void);
