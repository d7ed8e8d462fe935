/* SPDX-License-Identifier: MIT */
/* What Linux can do with open files beyond what the core can (struct file_ops). */
#pragma once

#include "desc/file.h"

struct async_queue;
struct inode;
struct inode_attr;
struct seq;

/* As of struct file_ops: a call whose slot is NULL fails with the errno in brackets, and all slots may sleep. */
struct file_more {
	/*
	 * Where files of the kind join that have O_ASYNC; it returns NULL if memory runs out. NULL slot: none can, and F_SETFL
	 * ignores the flag.
	 */
	struct async_queue *(*async)(struct file *file);
	/*
	 * Returns an inode, as by path_get(), through which a file without one can be opened anew; 0, or a negative
	 * errno. NULL: it cannot.
	 */
	int (*inode)(struct file *file, struct inode **inode_ret);
	/* Changes attributes of a file without an inode; simple_setattr() says whether it may. */
	int (*set_attr)(struct file *file, const struct inode_attr *attr); /* [EPERM] */
	int (*get_seals)(struct file *file);		     /* [EINVAL]; returns F_SEAL_* */
	int (*add_seals)(struct file *file, unsigned seals); /* [EINVAL] */
	/* Adds lines to /proc/PID/fdinfo/N. NULL: there are none. */
	void (*info)(struct file *file, struct seq *seq);
	/*
	 * Adds one more line, or returns -ENODATA. *cursor is 0 at the first; what else it is only this function knows. NULL:
	 * there are no more.
	 */
	int (*info_record)(struct file *file, uint64_t *cursor, struct seq *seq);
	uint32_t magic; /* the file system that statfs tells of; 0: none of its own */
	bool splices;	/* splice moves bytes from it and to it, although it has no inode */
};

/* Of any file; a kind that has no table gets an empty one. */
const struct file_more *file_more(const struct file *file);
