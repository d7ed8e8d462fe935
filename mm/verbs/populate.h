/* SPDX-License-Identifier: MIT */
/* Filling pages ahead of any access. */
#pragma once

#include "mm/fault_classify.h"
#include "mm/space.h"

/* The access that fills whatever mappings with these permissions can hold. */
static inline unsigned populate_access(unsigned prot)
{
	return (prot & VM_PROT_READ ? VM_PROT_READ : VM_PROT_EXEC) | ACCESS_POPULATE;
}

/*
 * Faults in every page of [start, end) as `access` (RIGHT_*) would, with ACCESS_POPULATE as a write
 * where private memory is writable; waits where a fault would. 0, or the first outcome that is not: VM_*, -EINTR.
 * => mmap lock held; no spinning lock held
 */
int vm_populate(struct space *space, vaddr_t start, vaddr_t end, unsigned access);
