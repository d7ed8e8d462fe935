/* Copy-on-write: the writer gets a copy, the others keep the page. */
#include "mm/cow.h"

int cow_copy(struct fault *fault)
{
	void *to = fault_spare_address(fault);

	assert_hardened(fault->source && fault->spare);
	if (fault->source == zero_page)
		arch_page_zero(to);
	else
		arch_page_copy(to, page_address(fault->source));
	fault_give_spare(fault);
	return 0;
}
