/* SPDX-License-Identifier: MIT */
/* The arrays of buffers that readv, process_vm_readv and others take. */
#pragma once

#include "desc/user_iter.h"

#define SEGMENTS_FEW 8u /* that need no allocation */

struct segments {
	struct abi_iovec few[SEGMENTS_FEW];
	struct abi_iovec *all; /* either `few` or allocated */
};

/*
 * Copies the array in. Returns 0, and the caller then calls segments_free(); or -EINVAL (too many; a length below 0),
 * -EFAULT or -ENOMEM.
 */
int segments_copy(struct segments *segments, vaddr_t user, uint64_t count);
/*
 * Copies in an array of segments of the running program's memory, truncates their total to ABI_RW_MAX, and initializes *iter
 * with them. Returns as segments_copy() does; also -EFAULT for an address beyond user memory.
 */
int segments_get(struct segments *segments, vaddr_t user, uint64_t count, struct user_iter *iter);
void segments_free(struct segments *segments);
