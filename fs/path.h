/* SPDX-License-Identifier: MIT */
/* Following paths through the tree. */
#pragma once

#include "abi/limits.h"
#include "fs/inode.h"
#include "fs/path_part.h"

/* path_last(): the walk went into a symbolic link, and path_to_last() is to be called again. */
#define PATH_AGAIN 1

/*
 * A walk along a path. Begun by path_begin(), ended by path_end() always; in between path_to_last()
 * goes to the last component and path_last() looks that up, or goes on into a link that it is.
 */
struct path_walk {
	struct inode *dir; /* where `last` is looked up; referenced */
	struct path_part last;
	bool must_be_dir; /* a slash came after the last component */
	/* private: */
	const char *rest; /* what comes after `last` */
	struct inode
		*link; /* whose target rest points into, referenced; NULL: the caller's string */
	unsigned nlinks;
	unsigned depth;
	struct {
		const char *rest;
		struct inode *link;
	} outer[ABI_SYMLINK_MAX]; /* where to go on when `rest` is used up */
};

/*
 * Where relative paths begin: NULL is the root; a file that has no inode gives NULL, which
 * path_begin() takes for no directory.
 */
struct inode *path_start(struct file *dir);

/*
 * start: not taken over, not yet known to be a directory; the root goes before it where path is
 * absolute. path: not empty.
 */
void path_begin(struct path_walk *walk, struct inode *start, const char *path);
void path_end(struct path_walk *walk);

/* 0 with walk->dir, last, must_be_dir set; -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -ENOMEM. */
int path_to_last(struct path_walk *walk);

/*
 * 0 and *inode_ret: what the last component stands for, referenced, or NULL where walk->dir has no
 * such name; PATH_AGAIN; errors as above. A link is gone into where follow says so or a slash comes
 * after it.
 */
int path_last(struct path_walk *walk, bool follow, struct inode **inode_ret);

/* All in one: the inode that path names, referenced. 0 or the errors above. */
int path_lookup(struct inode *start, const char *path, bool follow, struct inode **inode_ret);

/*
 * Begins a walk and takes it to the last component, which is not followed; path_end() is due in any
 * case.
 */
int path_parent(struct path_walk *walk, struct inode *start, const char *path);
