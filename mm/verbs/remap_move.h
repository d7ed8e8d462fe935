/* SPDX-License-Identifier: MIT */
/* Moving the pages of a range to another place: between mremap's checks and its effects. */
#pragma once

#include "mm/space.h"

/* Flags. */
#define REMAP_KEEP 1u /* the old mapping stays, without pages */

/*
 * Moves [old_start, old_start + old_len), which is within one VMA, to [new_start, + new_len), which
 * no mapping has; new_len is not below old_len, and old_len may be 0: then the object is mapped once
 * more. 0, or -ENOMEM with nothing changed.
 * => mmap lock held, both ranges busy; no spinning lock held; pauses
 */
int remap_move(struct space *space, vaddr_t old_start, size_t old_len, vaddr_t new_start,
	       size_t new_len, unsigned flags);
