/* Private anonymous memory: the zero page to read, a fresh page of zeros to write. */
#include "mm/fault.h"

static int anon_fill(struct fault *fault)
{
	if (!fault_is_write(fault)) {
		page_get(zero_page);
		fault->page = zero_page;
		fault->page_rights = RIGHT_READ | RIGHT_EXEC;
		return 0;
	}
	arch_page_zero(page_address(fault->spare));
	fault->page = fault->spare;
	fault->spare = NULL;
	fault->page_rights = RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC;
	return 0;
}

static struct page *anon_at_hand(const struct vma *vma, vaddr_t va)
{
	(void)vma, (void)va;
	return zero_page;
}

const struct vma_backend vma_anon = {
	.name = "anon",
	.fill = anon_fill,
	.at_hand = anon_at_hand,
};
