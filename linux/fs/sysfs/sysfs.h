/* SPDX-License-Identifier: MIT */
/* The file system mounted on /sys: which processors there are. */
#pragma once

#include "linux/fs/vfs/mount.h"

/*
 * There is one file system of this type. While it is in the tree, mounting it again is refused with
 * -EBUSY. It has no options.
 */
extern const struct fs_type sysfs_type;
