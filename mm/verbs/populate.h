/* SPDX-License-Identifier: MIT */
/* Filling pages ahead of any access. */
#pragma once

#include "mm/fault_classify.h"
#include "mm/space.h"

/* The access that fills whatever mappings with these rights can hold. */
static inline unsigned populate_access(unsigned rights)
{
	return (rights & RIGHT_READ ? RIGHT_READ : RIGHT_EXEC) | ACCESS_POPULATE;
}

/*
 * Faults in every page of [start, end) as `access` (RIGHT_*) would, with ACCESS_POPULATE as a write
 * where private memory is writable; waits where a fault would. 0, or the first outcome that is not: VM_*, -EINTR.
 * => mmap lock held; no spinning lock held
 */
int vm_populate(struct space *space, vaddr_t start, vaddr_t end, unsigned access);
