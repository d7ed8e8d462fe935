/* SPDX-License-Identifier: MIT */
/* The root file system: a tree in memory. */
#pragma once

#include "fs/inode.h"

/* Creates the empty root. Returns 0 or -ENOMEM. Call once at boot, before anything else of fs. */
int tmpfs_init(void);

/* Returns the root directory, without a reference: it is never freed. */
struct inode *tmpfs_root(void);
