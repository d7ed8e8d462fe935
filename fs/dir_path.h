/* SPDX-License-Identifier: MIT */
/* The absolute path of a directory, through all mounts. */
#pragma once

#include "lib/types.h"

struct inode;

/*
 * Writes the absolute path of a directory into buf, terminated. Returns its length with the NUL,
 * -ENOENT if the directory has been removed, or -ERANGE if the path does not fit. As on Linux, the
 * path begins with "(unreachable)" if the directory's file system is not in the tree any more.
 */
ssize_t dir_path(struct inode *dir, char *buf, size_t size);
