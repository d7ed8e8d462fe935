/* SPDX-License-Identifier: MIT */
/* Pages of objects for faults: from the page cache or the swap cache, or read into it. */
#pragma once

#include "mm/fault/fault.h"

/*
 * SWAPPED: gets the page of the entry's slot, in fault->page. Returns as fault_need_page(). The
 * caller holds the locks of the space and the swap cache.
 */
enum vm_outcome swapped_get(struct fault *fault);

/*
 * FAULT_NEEDS_PAGE: reads the page that fault_need_page() or swapped_get() asked for. Sets
 * prepared->refused if there is no such page, or it cannot be read. Returns VM_OK, VM_WAIT or
 * VM_OOM.
 * The caller holds no spinning lock.
 */
enum vm_outcome fault_read_page(struct fault_prepared *prepared, const struct fault_need *need,
				struct vm_wait *wait);

/* Drops the references to the object of the last page that was read, and to that. */
void fault_put_page(struct fault_prepared *prepared);
