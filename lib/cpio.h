/* SPDX-License-Identifier: MIT */
/* A reader of cpio archives ("newc") that lie in memory, such as the boot archive. */
#pragma once

#include "lib/types.h"

struct cpio {
	const uint8_t *data;
	size_t size;
	size_t pos;
	const char *why; /* what is wrong, once cpio_next() has failed */
};

struct cpio_entry {
	const char *name; /* terminated; "./" and "/" in front removed; "" is the root itself */
	const void *data; /* not aligned; a symbolic link's is its target, without NUL */
	uint64_t size;
	/* With nlink > 1: entries of one ino and dev are one file, the last has the data. */
	uint32_t ino;
	uint32_t mode; /* type and permissions, as in stat */
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	uint32_t mtime;
	uint32_t dev_major; /* where the file was; with ino it names it */
	uint32_t dev_minor;
	uint32_t rdev_major; /* what device it is */
	uint32_t rdev_minor;
};

/* => data stays there, unchanged, as long as entries are used */
void cpio_init(struct cpio *cpio, const void *data, size_t size);

/*
 * The next entry. Archives that follow one another are read as one, zeros between and after them
 * skipped.
 * => 1: there is one; 0: a good end; -EINVAL: broken, cpio->why says how and cpio->pos where
 */
int cpio_next(struct cpio *cpio, struct cpio_entry *ret);
