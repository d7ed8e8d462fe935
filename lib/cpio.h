/* SPDX-License-Identifier: MIT */
/* A reader of cpio archives ("newc") in memory, such as the boot archive. */
#pragma once

#include "lib/types.h"

struct cpio {
	const uint8_t *data;
	size_t size;
	size_t pos;
	const char *why; /* what is wrong, after cpio_next() has failed */
};

struct cpio_entry {
	const char *name; /* terminated; without leading "./" and "/"; "" is the root */
	const void *data; /* not aligned; for a symbolic link its target, without NUL */
	uint64_t size;
	/* If nlink > 1: entries with the same ino and dev are one file; the last has the data. */
	uint32_t ino;
	uint32_t mode; /* type and permissions, as in stat */
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	uint32_t mtime;
	uint32_t dev_major; /* device that the file was on; with ino it identifies the file */
	uint32_t dev_minor;
	uint32_t rdev_major; /* for a device file: the device that it is */
	uint32_t rdev_minor;
};

/* The data must stay in place unchanged as long as entries are used. */
void cpio_init(struct cpio *cpio, const void *data, size_t size);

/*
 * Gets the next entry. Several archives in a row are read as one; zeros between and after them are
 * skipped. Returns 1 if there is an entry, 0 at the proper end, or -EINVAL if the archive is
 * broken: cpio->why says how and cpio->pos where.
 */
int cpio_next(struct cpio *cpio, struct cpio_entry *ret);
