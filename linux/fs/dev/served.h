/* SPDX-License-Identifier: MIT */
/* Names of send ends: who opens one gets a file that the endpoint's server serves. */
#pragma once

#include "linux/fs/vfs/inode.h"

/* What such a name looks like: a character device of a number that Linux leaves to local use. */
#define SERVED_RDEV ABI_MAKEDEV(240, 0)

/* For inodes whose `device` is a send end, with a reference, between these two. */
extern const struct file_ops served_name_ops;

/* Returns 0, or -ENOSPC if there are as many names as those may have who lack CAP_SYS_RESOURCE. */
int served_name_begin(struct inode *inode, struct file *send);
void served_name_end(struct inode *inode);

static inline bool inode_is_served(const struct inode *inode)
{
	return inode->file_ops == &served_name_ops;
}

/* Slot of struct file_ops, for files of names. */
void served_name_release(struct file *file);

/* ioctl(2) of a served file. */
int served_ioctl(struct file *file, unsigned long request, vaddr_t arg);

/* Returns the send end that has that name, with a reference; NULL: none has, or the running thread may not read and write it. */
struct file *served_named(const char *path);
/* served_named() of a name in /srv of the whole tree, in less time. No link is followed. */
struct file *served_in_srv(const char *name, size_t len);

/*
 * Gives the send end a name, with these permissions. Returns 0; -EINVAL if it is no send end; -EPERM where the file system
 * cannot keep one; -ENOSPC; or what mknod fails with.
 */
int served_name(struct file *dir, const char *path, unsigned mode, struct file *send);
