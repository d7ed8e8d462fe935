/* SPDX-License-Identifier: MIT */
/* Directories: names and the inodes they refer to. */
#pragma once

#include "linux/fs/file/dir_file.h"
#include "linux/fs/tmpfs/node.h"

/* One name in one directory. Guarded by names_lock; the text is const. */
struct name {
	struct tree_node by_name;
	struct tree_node by_order;
	struct list same;    /* the other names of the inode */
	struct inode *dir;   /* the directory that it is in, and whose removal it prevents */
	uint64_t order;	     /* increases as names are created; the position of getdents */
	struct inode *inode; /* referenced */
	uint32_t
		id; /* which it keeps when it moves: for open files whose inode has several names */
	uint32_t len;
	char text[]; /* not terminated */
};

/* Creates an empty directory that has no name yet. Returns NULL if memory runs out. */
struct inode *dir_create(struct mount *mount, uint32_t mode);

/* Creates the root of a file system. Returns NULL if memory runs out. */
struct inode *dir_create_root(struct mount *mount, uint32_t mode);

/* Returns the inode of that name, referenced, or NULL. `dir` is a directory. */
struct inode *dir_find(struct inode *dir, const char *name, size_t len);

/* Returns the parent directory, referenced. The root's parent is the root. */
struct inode *dir_parent(struct inode *dir);

/*
 * Gives the inode a name in dir; the name takes a reference of its own. `again`: the inode already
 * has or had a name. Returns 0; -EEXIST; -ENOENT if dir has been removed, or if `again` is set and
 * the inode has no name left and is not `linkable`; -ENAMETOOLONG; -ENOSPC; -ENOMEM.
 */
int dir_add(struct inode *dir, const char *name, size_t len, struct inode *inode, bool again);

/* Counts an inode that has no name yet. Returns 0 or -ENOSPC. dir_add() does so itself. */
int dir_count_inode(struct inode *inode);

/*
 * Removes a name: of an empty directory if `directory` is set (-ENOTDIR, -ENOTEMPTY, and -EBUSY if
 * something is mounted on it), else of anything but a directory (-EISDIR). May return -ENOENT or
 * -ENAMETOOLONG. *gone_ret: what had the name, referenced.
 */
int dir_remove(struct inode *dir, const char *name, size_t len, bool directory,
	       struct inode **gone_ret);

/* Slots of struct inode_ops. */
int dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret);
int dir_getattr(struct inode *dir, struct abi_stat *st);
void dir_holds(struct inode *dir);

/* The `readdir` of struct inode_ops. A name's position is its order. */
int dir_item_from(struct inode *dir, uint64_t pos, struct dir_item *item);

/* The `path` of struct inode_ops. */
int dir_path_in_mount(struct inode *inode, struct path_text *text);

/* The `place` and the `name_id` of struct inode_ops. */
bool dir_place(struct inode *inode, uint32_t name_id, uint32_t events, struct inode_place *place);
uint32_t dir_name_id(struct inode *dir, const char *name, size_t len);

/* Takes each name below `root` out of its directory, whatever it names, and frees it. Nothing else uses the tree. */
void dir_discard_all(struct inode *root);

extern uint64_t dir_moves; /* renames of directories; guarded by names_lock */

/* Steps of these, for renames. The caller holds names_lock, except for dir_name_free(). */

/* Returns the name of that text in dir, or NULL. */
struct name *dir_name_locked(struct inode *dir, const char *text, size_t len);
/* Puts a name into dir, which has none of that text, or takes it out. No count of links changes. */
void dir_link_locked(struct inode *dir, struct name *name);
void dir_unlink_locked(struct inode *dir, struct name *name);
/* Takes a name out and lowers the counts of links. A directory that loses its name is dead. */
void dir_take_out_locked(struct inode *dir, struct name *name);
/*
 * Frees a name that has been taken out, or makes it the inode's former one. Returns the inode with the name's reference. The
 * caller holds no spinning lock.
 */
struct inode *dir_name_free(struct inode *dir, struct name *name);
/* The directory that the former name of an inode without another refers to; NULL: it has none. Not for directories. */
struct inode *dir_of_former(struct inode *inode);
/* Frees the former name of an inode that is being freed, if it has one, but not the reference to the directory. */
void dir_former_free(struct inode *inode);
