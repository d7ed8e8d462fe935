/* SPDX-License-Identifier: MIT */
/* The file system of processes, which is mounted on /proc. Its files are made when they are used. */
#pragma once

#include "fs/mount.h"

/* Any number of mounts may exist; they show the same. It has no options. */
extern const struct fs_type proc_type;
