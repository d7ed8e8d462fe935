/* SPDX-License-Identifier: MIT */
/* Fills pages ahead of any access. */
#pragma once

#include "mm/fault/fault_kind.h"
#include "mm/space/space_lock.h"

/* Returns the access by which vm_populate() fills memory that has these permissions. */
static inline unsigned populate_access(unsigned prot)
{
	return (prot & VM_PROT_READ ? VM_PROT_READ : VM_PROT_EXEC) | ACCESS_POPULATE;
}

/*
 * Faults in every page of [start, end) as `access` (VM_PROT_*) would; with ACCESS_POPULATE, as a
 * write where private memory is writable. Waits where a fault would. Returns 0, -EINTR,
 * -ENOMEM, or the first refusal (vm_result_is_refusal()), with the page in *refused_ret unless that is NULL. The caller holds the mmap lock and no spinning lock.
 */
int vm_populate(struct space *space, vaddr_t start, vaddr_t end, unsigned access,
		vaddr_t *refused_ret);
