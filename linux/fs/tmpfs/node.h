/* SPDX-License-Identifier: MIT */
/* The inodes of tmpfs, and of memfds: directories, regular files, symbolic links. */
#pragma once

#include "lib/list.h"
#include "lib/tree.h"
#include "linux/fs/vfs/inode.h"
#include "proc/mutex.h"

struct special;
struct xattr;

/* The contents of a directory (linux/fs/tmpfs/dir.h). names_lock guards what is not marked const. */
struct dir {
	struct tree by_name;  /* struct name.by_name */
	struct tree by_order; /* struct name.by_order: in order of creation, for getdents */
	uint64_t next_order;
	uint32_t count;
	bool dead; /* removed: accepts no new names */
	/*
	 * Referenced. The root is its own parent, without a reference. Changes only by renames, so
	 * it is also const under the mount's rename_lock.
	 */
	struct inode *parent;
	struct xattr *xattrs; /* guarded by the lock of the inode: linux/fs/tmpfs/xattr.c */
};

struct tmpfs_node {
	struct inode inode; /* nlink is guarded by names_lock */
	/*
	 * struct name.same, under names_lock: a directory has one at most. With an nlink of 0, it is the former name: the last
	 * one, which was removed from a directory that is watched. Its inode is NULL. Of another file than a directory it has
	 * a reference to its `dir`.
	 */
	struct list names;
	union {
		struct dir dir; /* guarded by names_lock */
		char *target;	/* const: of a symbolic link, terminated */
		struct {
			char *memfd_name;     /* const: of a memfd, terminated; NULL: "" */
			struct xattr *xattrs; /* guarded by lock */
		};			      /* of a regular file */
	};
	/*
	 * A waiting lock. Serializes changes of owner and mode, and of a regular file writes, changes of size, holes, and
	 * seals; guards xattrs.
	 */
	struct mutex lock;
	uint16_t seals; /* guarded by lock: F_SEAL_* */
	bool linkable;	/* made without a name, which link may give it; guarded by names_lock */
	/* Counted by linux/mem/quota.h for the inode; const once it has a name, 0 until then. */
	unsigned records;
};

/* Guards all directories' trees and every nlink. Held briefly, never across an allocation. */
extern struct spinlock names_lock;

static inline struct tmpfs_node *to_node(struct inode *inode)
{
	return container_of(inode, struct tmpfs_node, inode);
}

/*
 * Makes an inode of a zeroed struct: it has one reference and no name. For another file system whose inodes have names in
 * directories of this one (linux/fs/tmpfs/dir.h).
 */
void tmpfs_node_init(struct tmpfs_node *node, struct mount *mount, uint32_t mode,
		     const struct inode_ops *ops, const struct file_ops *file_ops);

/*
 * Creates an inode of the given type and permissions with one reference, nlink 0, and the fields of
 * its type zeroed. mount is NULL for a memfd. Returns NULL if memory runs out.
 */
struct inode *tmpfs_node_create(struct mount *mount, uint32_t mode,
				const struct file_ops *file_ops);

/*
 * Creates a named pipe or the name of a socket, as mode says; or, if `special` is not NULL, a file of that device. Returns
 * NULL if memory runs out.
 */
struct inode *special_create(struct mount *mount, uint32_t mode, const struct special *special);

/* Creates a symbolic link to the n bytes of target. Returns NULL if memory runs out. */
struct inode *symlink_create(struct mount *mount, const char *target, size_t n);
