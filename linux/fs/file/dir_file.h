/* SPDX-License-Identifier: MIT */
/* Open directories of any file system that has the `readdir` of struct inode_ops. */
#pragma once

#include "abi/limits.h"
#include "desc/file.h"

/* The first position that is a file system's own: 0 and 1 are "." and "..". */
#define DIR_FIRST_POS 2

/* A name as getdents needs it. */
struct dir_item {
	uint64_t pos;  /* where it is */
	uint64_t next; /* where to go on; 0: at pos + 1 */
	uint64_t ino;
	uint32_t mode; /* only the type counts */
	uint32_t len;
	char text[NAME_MAX]; /* not terminated */
};

/* Fills in all but the positions. text is terminated. */
void dir_item_set(struct dir_item *item, uint64_t ino, uint32_t mode, const char *text);

extern const struct file_ops dir_file_ops;
