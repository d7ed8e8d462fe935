/* SPDX-License-Identifier: MIT */
/* A file system in memory: the root, /dev/shm, and whatever else mount(2) makes one. */
#pragma once

#include "linux/fs/vfs/mount.h"

extern const struct fs_type tmpfs_type;

/*
 * There is one file system of this type, which linux/fs/dev/devtmpfs.c fills. While it is in the tree, mounting it again is
 * refused with -EBUSY.
 */
extern const struct fs_type devtmpfs_type;
