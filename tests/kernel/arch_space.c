/* SPDX-License-Identifier: MIT */
/* A bare address space of arch's, for tests. */
#include "tests/kernel/arch_space.h"

#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"

#define TABLES_PER_MAP 2

static bool add_spare(struct arch_space *as)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);

	if (!page)
		return false;
	arch_page_zero(page_address(page));
	mmu_tables_push(&as->spare, page_to_paddr(page));
	return true;
}

static void free_tables(struct mmu_tables *tables)
{
	while (tables->count) {
		paddr_t table = mmu_tables_pop(tables);
		const uint64_t *words = arch_phys_to_virt(table);

		for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
			EXPECT_EQ(0, words[i]);
		page_free(pfn_to_page(paddr_to_pfn(table)), 0);
	}
}

bool arch_space_start(struct arch_space *as)
{
	*as = (struct arch_space){ 0 };
	if (!add_spare(as))
		return false;
	arch_mmu_create(&as->mmu, mmu_tables_pop(&as->spare));
	return true;
}

bool arch_space_map(struct arch_space *as, vaddr_t va, pfn_t pfn)
{
	struct mmu_entry entry =
		entry_make(pfn, VM_PROT_READ | VM_PROT_WRITE, ENTRY_ACCESSED | ENTRY_DIRTY);

	while (as->spare.count < TABLES_PER_MAP)
		if (!add_spare(as))
			return false;
	if (arch_mmu_prepare(&as->mmu, va, &as->spare))
		return false;
	arch_mmu_map(arch_mmu_lookup(&as->mmu, va), va, entry);
	return true;
}

static int empty(void *arg, const struct mmu_leaf *leaf)
{
	(void)arg;
	for (unsigned i = 0; i < leaf->count; i++)
		leaf->entries[i] = (struct mmu_entry){ 0 };
	return 0;
}

unsigned arch_space_end(struct arch_space *as)
{
	struct mmu_tables out = { 0 };
	unsigned count;

	EXPECT_EQ(0, arch_mmu_visit(&as->mmu, 0, USER_TOP, empty, NULL));
	arch_mmu_destroy(&as->mmu, &out);
	count = out.count;
	free_tables(&out);
	free_tables(&as->spare);
	return count;
}
