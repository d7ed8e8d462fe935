/* SPDX-License-Identifier: MIT */
/* A file system in memory: the root, /dev/shm, and whatever else mount(2) makes one. */
#pragma once

#include "linux/fs/vfs/mount.h"

extern const struct fs_type tmpfs_type;
