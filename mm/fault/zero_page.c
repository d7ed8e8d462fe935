/* SPDX-License-Identifier: MIT */
/* Frames of zeros, for private memory that is written for the first time. */
#include "mm/fault/fault.h"
#include "mm/phys/zeroed.h"

/* A frame takes one round if it is prezeroed. Else it takes two, as a copy of no bytes does (mm/fault/cow.c). */
enum vm_outcome fault_get_zeros(struct fault *fault)
{
	bool has_frame = unlikely(fault->prepared) && fault->prepared->copy.page;
	struct page *page = has_frame ? NULL : zeroed_take();

	if (unlikely(!page))
		return fault_get_copy(fault, zero_pfn, 0);
	fault->page = page;
	fault->pfn = page->zeroed_pfn;
	return VM_OK;
}
