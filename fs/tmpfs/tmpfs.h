/* SPDX-License-Identifier: MIT */
/* The root file system: a tree in memory. */
#pragma once

#include "fs/inode.h"

/* Makes the empty root. 0 or -ENOMEM. => once, by boot, before everything else of fs */
int tmpfs_init(void);

/* The root directory; no reference is given, it never goes. */
struct inode *tmpfs_root(void);
