/* SPDX-License-Identifier: MIT */
/* Follows paths through the tree. */
#pragma once

#include "abi/limits.h"
#include "fs/mount.h"
#include "fs/path_part.h"

/* path_last() entered a symbolic link: call path_to_last() again. */
#define PATH_AGAIN 1

/*
 * A walk along a path. path_begin() starts it, and path_end() always ends it. In between,
 * path_to_last() walks to the last component, and path_last() looks that up, or enters it if it is
 * a symbolic link.
 */
struct path_walk {
	struct inode *dir; /* the directory to look `last` up in, as by path_get() */
	struct path_part last;
	bool must_be_dir; /* a slash followed the last component */
	bool jumped;	  /* path_last() took the last component's link straight to its inode */
	bool asked;	  /* path_last() has asked a server for the inode's attributes */
	/* private: */
	struct inode *root;    /* by process_root() */
	struct mount *writing; /* by path_begin_write() */
	const char *rest;      /* the string after `last` */
	/*
	 * A link's target, which `rest` points into; kmalloc(). NULL: it is in the caller's string.
	 */
	char *text;
	unsigned nlinks;
	unsigned depth;
	struct {
		const char *rest;
		char *text;
	} outer[ABI_SYMLINK_MAX]; /* where to go on when `rest` is used up */
};

/*
 * Returns where relative paths start: the root for NULL; NULL for a file without an inode, which
 * the walk refuses with -ENOTDIR.
 */
struct inode *path_start(struct file *dir);

/*
 * Starts a walk. `start` need not be a directory: that is checked later. No reference to it is
 * taken over. An absolute path starts at the root instead, which is the running process's. `path` is not empty.
 */
void path_begin(struct path_walk *walk, struct inode *start, const char *path);
void path_end(struct path_walk *walk);

/*
 * Sets walk->dir, last and must_be_dir. Returns 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, or an
 * error of a file system's lookup or readlink.
 */
int path_to_last(struct path_walk *walk);

/*
 * Looks up the last component. Returns 0 and the inode in *inode_ret, as by path_get(), or NULL
 * there if walk->dir has no such name. For a directory that something is mounted on, it returns the
 * root of what is mounted; but "." is walk->dir itself, which may have been covered since then.
 * Returns PATH_AGAIN if it entered a link: it does so if `follow` is set or a slash follows the
 * link's name. Returns a negative errno as path_to_last() does.
 */
int path_last(struct path_walk *walk, bool follow, struct inode **inode_ret);

/*
 * Looks a name up in a directory, not "." or "..", and goes to the root of what is mounted there.
 * Returns 0 and the inode, as by path_get(), -ENOENT, -ENAMETOOLONG, or an error of the file
 * system. No link is followed.
 */
int path_find(struct inode *dir, const char *name, size_t len, struct inode **inode_ret);

/* A whole walk: returns 0 and the inode that path names, as by path_get(), or a negative errno. */
int path_lookup(struct inode *start, const char *path, bool follow, struct inode **inode_ret);

/* The same; *asked_ret as in struct path_walk. */
int path_lookup_asked(struct inode *start, const char *path, bool follow, struct inode **inode_ret,
		      bool *asked_ret);

/* Starts a walk and goes to the last component. The caller calls path_end() in any case. */
int path_parent(struct path_walk *walk, struct inode *start, const char *path);

/*
 * The walk's last name is to be created, removed or renamed: its mount is not made read-only until
 * path_end_write() or path_end(). Returns 0 or -EROFS. It is called once for a walk, or again after
 * path_end_write().
 */
int path_begin_write(struct path_walk *walk);
void path_end_write(struct path_walk *walk);

/*
 * Creates the walk's last name, which is a name and not there: an empty regular file or directory,
 * as mode says. Returns 0 and the inode, as by path_get(), -EEXIST if another thread was faster, or
 * another error. The caller has called path_begin_write().
 */
int path_create(struct path_walk *walk, unsigned mode, struct inode **inode_ret);
