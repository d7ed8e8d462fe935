/* SPDX-License-Identifier: MIT */
/* Frames for page tables: allocated before they are needed, freed after they were unlinked. */
#include "mm/phys/table_pages.h"

#include "abi/errno.h"
#include "mm/phys/page_alloc.h"

int tables_fill(struct mmu_tables *tables, unsigned count)
{
	while (tables->count < count) {
		struct page *page = page_alloc_zeroed(PAGE_TABLE);

		if (!page)
			return -ENOMEM;
		mmu_tables_push(tables, page_to_paddr(page));
	}
	return 0;
}

/* Each table was emptied entry by entry, so its frame is known to hold only zeros. */
void tables_free(struct mmu_tables *tables)
{
	while (tables->count)
		page_free_zeroed(pfn_to_page(paddr_to_pfn(mmu_tables_pop(tables))));
}
