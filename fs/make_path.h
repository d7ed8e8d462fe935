/* SPDX-License-Identifier: MIT */
/* Adds files to a tmpfs at boot and creates the directories on the way. */
#pragma once

#include "fs/inode.h"

/*
 * Gives the inode the name `path`, which starts at the directory `root`; symbolic links are not
 * followed. Missing directories are created with mode 0755. With `replace`, whatever has the name
 * is unlinked first, unless it is a directory. Returns 0, -EEXIST, -ENOTDIR, -EISDIR,
 * -ENAMETOOLONG, -ENOSPC, -ENOMEM, or -EINVAL if the last component is missing or any component is
 * "..", or the last one is ".".
 */
int make_path(struct inode *root, const char *path, struct inode *inode, bool replace);

/*
 * Returns the directory at `path` in *dir_ret, referenced, after creating whatever is missing. An
 * empty path is `root`. Returns 0 or a negative errno, as make_path() does.
 */
int make_directories(struct inode *root, const char *path, struct inode **dir_ret);
