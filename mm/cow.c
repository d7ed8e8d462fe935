/* SPDX-License-Identifier: MIT */
/* Copy-on-write: the writer gets a copy, the others keep the page. */
#include "mm/cow.h"

int cow_get(struct fault *fault)
{
	pfn_t pfn = entry_pfn(fault->entry);

	if (pfn == zero_pfn)
		return fault_get_zeros(fault);
	return fault_get_copy(fault, pfn, PAGE_SIZE);
}
