/* SPDX-License-Identifier: MIT */
/* What sealed memory forbids to the verbs. */
#pragma once

#include "mm/space/space.h"

/*
 * Is a part of [start, end) sealed? Then it is neither unmapped nor replaced: -EPERM. O(VMAs in the range) where anything was ever
 * sealed. The caller holds the mmap lock and no spinning lock.
 */
bool seal_in_range(struct space *space, vaddr_t start, vaddr_t end);

static inline bool seal_forbids_unmap(struct space *space, vaddr_t start, vaddr_t end)
{
	return unlikely(space->ever_sealed) && seal_in_range(space, start, end);
}
