/* SPDX-License-Identifier: MIT */
/* The object behind a regular file: zeros, or the boot archive's bytes, until written. */
#pragma once

#include "lib/types.h"

struct inode;
struct object;

/*
 * One reference; NULL: out of memory. initial: NULL, or the object's first `size` bytes, which stay
 * as they are for ever; without it the size is 0. counted: frames for what is beyond those bytes count by fs/tmpfs/quota.h.
 */
struct object *file_data_create(const void *initial, uint64_t size, bool counted);

/* Says whose it is, so that MADV_REMOVE takes turns with him: NULL, before he is freed. */
void file_data_set_inode(struct object *object, struct inode *inode);

/* Frames that the initial bytes take, as far as no truncation has cut them off. */
uint64_t file_data_initial_pages(struct object *object);
