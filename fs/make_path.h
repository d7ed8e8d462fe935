/* SPDX-License-Identifier: MIT */
/* Putting things into the tree at boot, directories on the way included. */
#pragma once

#include "fs/inode.h"

/*
 * Gives inode the name that path (from the root on, links not followed) says; missing directories
 * are made, mode 0755. replace: what has the name, unless it is a directory, loses it. 0, -EEXIST,
 * -ENOTDIR, -EISDIR, -ENAMETOOLONG, -EINVAL (".", ".." or nothing for a name), -ENOMEM.
 */
int make_path(const char *path, struct inode *inode, bool replace);

/*
 * The directory of that path, made with what is missing on the way; referenced. An empty path: the
 * root.
 */
int make_directories(const char *path, struct inode **dir_ret);
