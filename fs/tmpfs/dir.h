/* SPDX-License-Identifier: MIT */
/* Directories: names and what they stand for. */
#pragma once

#include "fs/inode.h"

/* One name in one directory. All but the text: guarded by names_lock. */
struct name {
	struct tree_node by_name;
	struct tree_node by_order;
	uint64_t order;	     /* counts up as names are made: what getdents goes by */
	struct inode *inode; /* referenced */
	uint32_t len;
	char text[]; /* not terminated */
};

/* An empty directory, in no other yet; NULL: out of memory. */
struct inode *dir_create(uint32_t mode);

/* What the name stands for, referenced; NULL: nothing. => dir is a directory */
struct inode *dir_find(struct inode *dir, const char *name, size_t len);

/* The directory above, referenced; the root's is the root. */
struct inode *dir_parent(struct inode *dir);

/*
 * Gives inode the name: 0; -EEXIST; -ENOENT where dir has been removed, or inode has no name any
 * more (and `again` says that it had one); -ENAMETOOLONG; -ENOSPC; -ENOMEM. The name holds a reference of
 * its own.
 */
int dir_add(struct inode *dir, const char *name, size_t len, struct inode *inode, bool again);

/*
 * Takes a name away: of anything but a directory (-EISDIR, -ENOENT), and of an empty directory
 * (-ENOTDIR, -ENOTEMPTY, -ENOENT). -ENAMETOOLONG.
 */
int dir_remove(struct inode *dir, const char *name, size_t len);
int dir_remove_dir(struct inode *dir, const char *name, size_t len);

/* What getdents is told of a name. */
struct dir_item {
	uint64_t order;
	uint64_t ino;
	uint32_t mode;
	uint32_t len;
	char text[256];
};

/*
 * The first name of that order or a later one. false: none, or the directory has been removed (and
 * *dead_ret is true).
 */
bool dir_item_from(struct inode *dir, uint64_t order, struct dir_item *item, bool *dead_ret);

/*
 * The absolute path of a directory into buf, terminated: its length with the NUL; -ENOENT where it
 * has been removed, -ERANGE where it does not fit.
 */
ssize_t dir_path(struct inode *dir, char *buf, size_t size);

/* Files that are open directories. */
extern const struct file_ops dir_file_ops;
