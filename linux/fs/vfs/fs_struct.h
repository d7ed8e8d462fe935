/* SPDX-License-Identifier: MIT */
/* Where a thread's paths start, and its umask: with CLONE_FS threads and processes share it. */
#pragma once

#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/check/counted.h"
#include "sync/spinlock.h"

struct file;
struct inode;

struct fs_struct {
	struct spinlock lock;
	struct refcount refs; /* the threads that have it */
	unsigned umask;	      /* atomic */
	/* guarded by lock; the only thread that has it reads them without: */
	struct file *cwd;   /* a directory, referenced */
	struct inode *root; /* where absolute paths start, as by path_get(); NULL: the tree's */
	struct counted counted;
};

extern struct counted_kind fs_struct_kind;

/* Both take over the references. Return NULL, having dropped them, if memory runs out or cwd is NULL. */
struct fs_struct *fs_struct_create(struct file *cwd, struct inode *root, unsigned umask);
/* The running thread's, for another thread: a copy, or the same with another reference. */
struct fs_struct *fs_struct_copy(void);
struct fs_struct *fs_struct_share(void);
/* Drops a reference. Call with no spinning lock held. */
void fs_struct_put(struct fs_struct *fs);

/* Does another thread have it, too? Only the running thread, which has it, can change that from false. */
static inline bool fs_struct_is_shared(const struct fs_struct *fs)
{
	return refcount_is_shared(&fs->refs);
}

/* How many threads have it, of all processes. */
static inline unsigned fs_struct_users(const struct fs_struct *fs)
{
	return refcount_read(&fs->refs);
}

/* Return what it has with a reference; fs_struct_root() NULL if it has no root of its own. */
struct file *fs_struct_cwd(struct fs_struct *fs);
struct inode *fs_struct_root(struct fs_struct *fs);

/* Take over a reference, and drop that to what was there. */
void fs_struct_set_cwd(struct fs_struct *fs, struct file *cwd);
void fs_struct_set_root(struct fs_struct *fs, struct inode *root);
