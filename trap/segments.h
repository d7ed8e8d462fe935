/* SPDX-License-Identifier: MIT */
/* The arrays of buffers that readv, process_vm_readv and others take. */
#pragma once

#include "fs/user_iter.h"

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
 * The same for memory of the running program: truncates the total to ABI_RW_MAX, and initializes *iter with the array. An
 * address beyond user memory is -EFAULT, too.
 */
int segments_get(struct segments *segments, vaddr_t user, uint64_t count, struct user_iter *iter);
void segments_free(struct segments *segments);
