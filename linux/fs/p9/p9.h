/* SPDX-License-Identifier: MIT */
/* Files of a server that speaks 9P2000.L, as a file system: mount -t 9p. */
#pragma once

#include "linux/fs/vfs/mount.h"

extern const struct fs_type p9_type;
