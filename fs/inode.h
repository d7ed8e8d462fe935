/* SPDX-License-Identifier: MIT */
/* A file of the tree, whatever its kind; what names and open files refer to. */
#pragma once

#include "abi/stat.h"
#include "fs/file.h"
#include "lib/refcount.h"
#include "lib/tree.h"

struct inode;
struct object;

/* What st_dev says. */
#define INODE_DEV_ROOT 1 /* the tree */
#define INODE_DEV_ANON 2 /* memfds, which no directory names */
#define INODE_DEV_PIPE 3

/* A directory's names; see fs/tmpfs/dir.h. All: guarded by names_lock, but for what says const. */
struct dir {
	struct tree by_name;  /* struct name.by_name */
	struct tree by_order; /* struct name.by_order: as they were made, for getdents */
	uint64_t next_order;
	size_t count;
	struct inode *parent; /* const: referenced; the root's is itself, without a reference */
	struct name *name;    /* its own name in the parent; NULL: the root, or removed */
	bool dead;	      /* removed: takes no more names */
};

struct inode {
	struct refcount refs;
	uint32_t nlink; /* guarded by names_lock */
	/* const: */
	uint64_t ino;
	uint32_t mode;		    /* type and permissions */
	uint32_t dev;		    /* INODE_DEV_* */
	uint64_t rdev;		    /* of a device: its number */
	const struct file_ops *ops; /* of the files opened by it */
	/* by the type: */
	union {
		struct dir dir;
		struct object *object; /* regular: its bytes; referenced */
		char *target;	       /* symbolic link */
		void *device;	       /* character device: the driver's node */
	};
	/* Waiting: regular files' writes and changes of size, and of seals, take turns by it. */
	struct mutex lock;
	unsigned seals; /* guarded by lock: F_SEAL_* */
	bool counted;	/* by fs/tmpfs/quota.h; set before its first name */
	/* Nanoseconds since 1970; atomic, no lock */
	uint64_t atime, mtime, ctime;
};

/*
 * What directories hold: their trees, nlink of everything. Held briefly, never over an allocation.
 */
extern struct spinlock names_lock;

/*
 * A fresh inode of that type and mode, one reference, nlink 0, its kind's part zeros; NULL: out of
 * memory.
 */
struct inode *inode_create(uint32_t mode, uint32_t dev, const struct file_ops *ops);

void inode_get(struct inode *inode);
/* The last one frees it and what it stands on. NULL is allowed. => no spinning lock held */
void inode_put(struct inode *inode);

/* A number that no file has had. */
uint64_t inode_next_ino(void);

void inode_stat(struct inode *inode, struct abi_stat *st);

/* Marks of time: read (as relatime does), contents changed, and only the inode changed. */
void inode_read_now(struct inode *inode);
void inode_changed_now(struct inode *inode);
void inode_meta_now(struct inode *inode);

static inline struct inode *file_inode(struct file *file)
{
	return file->node;
}

/* Slots for the tables of kinds that have an inode. */
int inode_file_stat(struct file *file, struct abi_stat *st);
void inode_file_release(struct file *file);

/* What O_PATH gives: a name, and no access. */
extern const struct file_ops path_file_ops;

/* A symbolic link to the n bytes of target; NULL: out of memory. */
struct inode *symlink_create(const char *target, size_t n);
