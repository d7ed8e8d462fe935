/* SPDX-License-Identifier: MIT */
/* Copy-on-write: the writer gets a copy, the others keep the page. */
#include "mm/cow.h"

int cow_copy(struct fault *fault)
{
	if (fault->source)
		arch_page_copy(fault_spare_address(fault), page_address(fault->source));
	else
		fault_zero_spare(fault);
	return 0;
}
