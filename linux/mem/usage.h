/* SPDX-License-Identifier: MIT */
/* What the entries of a range have, as /proc/PID/smaps shows it. */
#pragma once

#include "mm/space/space.h"

/* What the entries of a range have, in bytes. */
struct vm_usage {
	uint64_t resident;     /* pages but the zero page and registers */
	uint64_t proportional; /* each divided by how many entries map it; << VM_USAGE_SHIFT */
	uint64_t shared_clean, shared_dirty;   /* mapped by several entries */
	uint64_t private_clean, private_dirty; /* by one */
	uint64_t proportional_dirty;	       /* as `proportional`, of those that are dirty */
	uint64_t referenced, anonymous, swapped;
	uint64_t large;	   /* by large entries */
	uint64_t lazyfree; /* may be dropped: MADV_FREE, or filled ahead by a run */
};
#define VM_USAGE_SHIFT 12

/*
 * Adds up what the entries of [start, end) have, some under each hold of the space's lock. Returns 0 or
 * -EINTR. Call with no spinning lock held.
 */
int vm_usage_add(struct space *space, vaddr_t start, vaddr_t end, struct vm_usage *usage);
