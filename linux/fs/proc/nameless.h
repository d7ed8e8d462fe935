/* SPDX-License-Identifier: MIT */
/* Inodes that links of /proc lead to and that are on no file system: they are made anew each time. */
#pragma once

#include "linux/fs/vfs/inode.h"

struct file;
struct namespace;

/* Writes what /proc shows in place of the path of a file without an inode, terminated. Returns its length. */
ssize_t nameless_file_label(struct file *file, char *buf, size_t size);

/*
 * Stands for an open file without an inode: it has the file's attributes and label as they are now, and cannot be opened (-ENXIO).
 * -ENXIO: not even that can be had of a file that stays with those who have it (struct file_ops).
 * Returns 0 or a negative errno. Call with no spinning lock held.
 */
int nameless_of_file(struct file *file, struct inode **inode_ret);

/* Is a namespace: files with namespace_file_ops, which namespace_of() knows, are opened by it. The same returns. */
int nameless_of_namespace(const struct namespace *ns, struct inode **inode_ret);

/* What it was made for; NULL: it is no namespace. */
const struct namespace *nameless_namespace(const struct inode *inode);
