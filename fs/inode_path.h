/* SPDX-License-Identifier: MIT */
/* The absolute path of a file, through all mounts. */
#pragma once

#include "lib/types.h"

struct inode;

/*
 * Writes the absolute path of an inode, by one of its names, into buf, terminated. Returns its
 * length with the NUL, -ENOENT if it has no name any more, or -ERANGE if the path does not fit. As
 * on Linux, the path begins with "(unreachable)" if its file system is not in the tree any more.
 * The inode is of a mount (no memfd).
 */
ssize_t inode_path(struct inode *dir, char *buf, size_t size);

/*
 * For slots of struct inode_ops that write a path from its end: puts a slash and a name before
 * buf + *at, where the path so far begins, and moves *at. Returns 0, or -ERANGE if there is no room.
 */
int path_prepend(char *buf, size_t *at, const char *name, size_t len);
