/* Frames for page tables: had before they are needed, given back after they were unlinked. */
#include "mm/tables.h"

#include "abi/errno.h"
#include "mm/page_alloc.h"

int tables_fill(struct mmu_tables *tables, unsigned count)
{
	while (tables->count < count) {
		struct page *page = page_alloc(0, PAGE_TABLE, PAGE_NORMAL);

		if (!page)
			return -ENOMEM;
		arch_page_zero(page_address(page));
		mmu_tables_push(tables, page_to_paddr(page));
	}
	return 0;
}

void tables_free(struct mmu_tables *tables)
{
	struct page_batch batch = { 0 };

	while (tables->count)
		page_batch_add(&batch, pfn_to_page(paddr_to_pfn(mmu_tables_pop(tables))));
	page_batch_free(&batch);
}
