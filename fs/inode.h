/* SPDX-License-Identifier: MIT */
/* Inodes: the files that directory entries and open files refer to, whatever their type. */
#pragma once

#include "abi/stat.h"
#include "fs/file.h"
#include "lib/refcount.h"
#include "lib/tree.h"

struct inode;
struct object;

/* Values of st_dev. */
#define INODE_DEV_ROOT 1 /* files of the tree */
#define INODE_DEV_ANON 2 /* memfds, which are in no directory */
#define INODE_DEV_PIPE 3

/* The contents of a directory (fs/tmpfs/dir.h). names_lock guards what is not marked const. */
struct dir {
	struct tree by_name;  /* struct name.by_name */
	struct tree by_order; /* struct name.by_order: in order of creation, for getdents */
	uint64_t next_order;
	size_t count;
	/* Const, referenced. The root is its own parent, without a reference. */
	struct inode *parent;
	struct name *name; /* its own name in the parent; NULL: the root, or removed */
	bool dead;	   /* removed: accepts no new names */
};

struct inode {
	struct refcount refs;
	uint32_t nlink; /* guarded by names_lock */
	/* const: */
	uint64_t ino;
	uint32_t mode;		    /* type and permissions */
	uint32_t dev;		    /* INODE_DEV_* */
	uint64_t rdev;		    /* device number of a device file */
	const struct file_ops *ops; /* for files opened through it */
	/* depending on the type: */
	union {
		struct dir dir;
		struct object *object; /* regular: its bytes; referenced */
		char *target;	       /* symbolic link */
		void *device;	       /* character device: the driver's node; block device: that */
	};
	/* A waiting lock. Serializes a regular file's writes, changes of size, holes, and seals. */
	struct mutex lock;
	unsigned seals; /* guarded by lock: F_SEAL_* */
	bool counted;	/* by fs/tmpfs/quota.h; set before the inode has a name */
	/* Nanoseconds since 1970; atomic, no lock */
	uint64_t atime, mtime, ctime;
};

/* Guards all directories' trees and every nlink. Held briefly, never across an allocation. */
extern struct spinlock names_lock;

/*
 * Creates an inode of the given type and permissions with one reference, nlink 0, and the fields of
 * its type zeroed. Returns NULL if memory runs out.
 */
struct inode *inode_create(uint32_t mode, uint32_t dev, const struct file_ops *ops);

void inode_get(struct inode *inode);
/*
 * Drops a reference. The last one frees the inode and drops its references to others. NULL is
 * allowed. The caller holds no spinning lock.
 */
void inode_put(struct inode *inode);

/* Returns an inode number that no file has used before. */
uint64_t inode_next_ino(void);

void inode_stat(struct inode *inode, struct abi_stat *st);

/* Update the time stamps after a read (as relatime), after a write, or after a metadata change. */
void inode_read_now(struct inode *inode);
void inode_changed_now(struct inode *inode);
void inode_meta_now(struct inode *inode);

static inline struct inode *file_inode(struct file *file)
{
	return file->node;
}

/* Slots for the file_ops of kinds of files that have an inode. */
int inode_file_stat(struct file *file, struct abi_stat *st);
void inode_file_release(struct file *file);

/* For files opened by O_PATH: they refer to an inode but give no access to its contents. */
extern const struct file_ops path_file_ops;

/* Creates a symbolic link to the n bytes of target. Returns NULL if memory runs out. */
struct inode *symlink_create(const char *target, size_t n);
