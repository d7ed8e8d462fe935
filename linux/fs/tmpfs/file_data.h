/* SPDX-License-Identifier: MIT */
/* The object behind a regular file: zeros, or the boot archive's bytes, until written. */
#pragma once

#include "lib/types.h"

struct inode;
struct mount;
struct object;

/*
 * Creates the object with one reference, or returns NULL if memory runs out. `initial` holds the
 * object's first `size` bytes and stays unchanged forever; if it is NULL, the size is 0. Pages that
 * are allocated for a file of a mount, which is a tmpfs, count against its room (linux/fs/tmpfs/room.h) and the
 * quota of linux/mem/quota.h, and mappings of it keep the mount. NULL: a memfd, which is on none.
 */
struct object *file_data_create(const void *initial, uint64_t size, struct mount *mount);

/* Sets the inode whose lock MADV_REMOVE takes. Call with NULL before the inode is freed. */
void file_data_set_inode(struct object *object, struct inode *inode);

/* Returns how many pages the initial bytes take, without those that a truncation has cut off. */
uint64_t file_data_initial_pages(struct object *object);
