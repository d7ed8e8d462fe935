/* SPDX-License-Identifier: MIT */
/* Moves the pages of a range to another address, for mremap, which has made its checks. */
#pragma once

#include "mm/space/space_lock.h"

/* Flags. */
#define REMAP_KEEP 1u /* MREMAP_DONTUNMAP: the old mapping stays, without pages */

/*
 * Moves [old_start, old_start + old_len), which is within one VMA, to the new_len bytes at
 * new_start, which are free. new_len is at least old_len. If old_len is 0, the VMA's object is
 * mapped a second time instead. Returns 0, or -ENOMEM or -EINTR with nothing moved. The caller
 * holds the mmap lock and no spinning lock, and has made both ranges busy. Calls vm_pause().
 */
int remap_move(struct space *space, vaddr_t old_start, size_t old_len, vaddr_t new_start,
	       size_t new_len, unsigned flags);
