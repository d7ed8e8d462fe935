/* SPDX-License-Identifier: MIT */
/* The absolute path of a file, through all mounts. */
#pragma once

#include "lib/types.h"

struct inode;

/*
 * Writes the absolute path of an inode, by one of its names, into buf, terminated. Returns its
 * length with the NUL, -ENOENT if it has no name any more, or -ERANGE if the path does not fit. As on
 * Linux, the path begins with "(unreachable)" if its file system is not in the tree any more. The
 * inode is of a mount (no memfd).
 */
ssize_t inode_path(struct inode *dir, char *buf, size_t size);
