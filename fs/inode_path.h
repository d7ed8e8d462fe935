/* SPDX-License-Identifier: MIT */
/* The absolute path of a file, through all mounts. */
#pragma once

#include "lib/types.h"

struct inode;

/*
 * Writes the absolute path of an inode, by one of its names, into buf, terminated. It begins at the
 * running process's root. Returns its length with the NUL, -ENOENT if it has no name any more, or
 * -ERANGE if the path does not fit. As on Linux, the path begins with "(unreachable)" if the inode
 * is not below that root, or its file system is not in the tree any more. The inode is of a mount
 * (no memfd).
 */
ssize_t inode_path(struct inode *inode, char *buf, size_t size);

/*
 * The same for what only names a file, as the links of /proc do: what is not below the process's
 * root has its path from the root of the tree, or of its file system.
 */
ssize_t inode_path_anyway(struct inode *inode, char *buf, size_t size);

/* A path that is written from its end. */
struct path_text {
	char *buf;
	size_t at;		  /* where the path so far begins; no terminator follows its end */
	const struct inode *root; /* the path ends here, if it comes by it */
	bool reached;		  /* it has */
};

/* For slots of struct inode_ops: has the path arrived at its root with this inode? */
static inline bool path_reached(struct path_text *text, const struct inode *inode)
{
	text->reached = inode == text->root;
	return text->reached;
}

/* The same: puts a slash and a name before the path. Returns 0, or -ERANGE if there is no room. */
int path_prepend(struct path_text *text, const char *name, size_t len);
