/* SPDX-License-Identifier: MIT */
/* Directories: names and the inodes they refer to. */
#pragma once

#include "fs/inode.h"

/* One name in one directory. names_lock guards everything but the text. */
struct name {
	struct tree_node by_name;
	struct tree_node by_order;
	uint64_t order;	     /* increases as names are created; the position of getdents */
	struct inode *inode; /* referenced */
	uint32_t len;
	char text[]; /* not terminated */
};

/* Creates an empty directory that has no name yet. Returns NULL if memory runs out. */
struct inode *dir_create(uint32_t mode);

/* Returns the inode of that name, referenced, or NULL. `dir` is a directory. */
struct inode *dir_find(struct inode *dir, const char *name, size_t len);

/* Returns the parent directory, referenced. The root's parent is the root. */
struct inode *dir_parent(struct inode *dir);

/*
 * Gives the inode a name in dir; the name takes a reference of its own. `again`: the inode already
 * has or had a name. Returns 0; -EEXIST; -ENOENT if dir has been removed, or if `again` is set and
 * the inode has no name left; -ENAMETOOLONG; -ENOSPC; -ENOMEM.
 */
int dir_add(struct inode *dir, const char *name, size_t len, struct inode *inode, bool again);

/*
 * Remove a name: dir_remove() of anything but a directory (-EISDIR, -ENOENT), dir_remove_dir() of
 * an empty directory (-ENOTDIR, -ENOTEMPTY, -ENOENT). Both return 0 on success and may return
 * -ENAMETOOLONG.
 */
int dir_remove(struct inode *dir, const char *name, size_t len);
int dir_remove_dir(struct inode *dir, const char *name, size_t len);

/* A name as getdents needs it. */
struct dir_item {
	uint64_t order;
	uint64_t ino;
	uint32_t mode;
	uint32_t len;
	char text[256];
};

/*
 * Finds the first name whose order is `order` or later. Returns false if there is none. *dead_ret
 * is set to whether the directory has been removed; a removed directory has no names.
 */
bool dir_item_from(struct inode *dir, uint64_t order, struct dir_item *item, bool *dead_ret);

/*
 * Writes the absolute path of a directory into buf, terminated. Returns its length with the NUL,
 * -ENOENT if the directory has been removed, or -ERANGE if the path does not fit.
 */
ssize_t dir_path(struct inode *dir, char *buf, size_t size);

/* For open directories. */
extern const struct file_ops dir_file_ops;
