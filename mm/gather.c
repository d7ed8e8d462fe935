/* Takes entries away in bounded pieces: clear, fence, free. */
#include "mm/gather.h"

#include "mm/debt.h"
#include "mm/tables.h"

void gather_init(struct gather *gather, struct space *space)
{
	gather->space = space;
	gather->leaves = 0;
	gather->npages = 0;
	gather->flush.count = 0;
	gather->flush.all = false;
	gather->flush.tables = false;
	gather->flush.text = false;
	gather->tables = (struct mmu_tables){ 0 };
}

/* => the entry is not EMPTY, and there is room for its page */
static inline void zap_entry(struct gather *gather, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry old = entry_swap(slot, ENTRY_NONE);
	struct page *page = pfn_to_page(entry_pfn(old));

	debt_owe(gather->space, va, old, ENTRY_NONE);
	if (!gather->flush.all && entry_lessens(old, ENTRY_NONE))
		mmu_flush_add(&gather->flush, va);
	gather->nresident += page != zero_page;
	gather->pages[gather->npages++] = page;
}

static int zap_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot = leaf->entries, *end = slot + leaf->count;
	struct gather *gather = arg;
	vaddr_t va = leaf->va;

	gather->resume = va;
	if (gather->leaves == GATHER_LEAVES)
		return 1;
	gather->leaves++;
	for (; slot < end; slot++, va += PAGE_SIZE) {
		if (entry_empty(entry_load(slot)))
			continue;
		if (gather->npages == GATHER_PAGES) {
			gather->resume = va;
			return 1;
		}
		zap_entry(gather, va, slot);
	}
	return 0;
}

vaddr_t gather_zap(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	vaddr_t from = MAX(start, vma->touched_start), to = MIN(end, vma->touched_end);
	int more = 0;

	assert_hardened(spin_lock_held(&gather->space->lock));
	gather->nresident = 0;
	if (from < to)
		more = arch_mmu_visit(&gather->space->mmu, from, to, zap_leaf, gather);
	gather->space->resident -= gather->nresident;
	return more ? gather->resume : end;
}

void gather_prune(struct gather *gather, vaddr_t floor, vaddr_t ceiling)
{
	unsigned before = gather->tables.count;

	assert_hardened(spin_lock_held(&gather->space->lock));
	if (!gather->leaves || floor >= ceiling)
		return;
	arch_mmu_prune(&gather->space->mmu, floor, ceiling, &gather->tables);
	gather->space->tables -= gather->tables.count - before;
	if (gather->tables.count == before)
		return;
	gather->flush.tables = true;
	gather->space->layout++;
}

void gather_fence(struct gather *gather)
{
	space_fence(gather->space, &gather->flush);
	for (unsigned i = 0; i < gather->npages; i++)
		debt_assert_frame(gather->space, gather->pages[i]);
}

void gather_free(struct gather *gather)
{
	page_map_put_many(gather->pages, gather->npages);
	tables_free(&gather->tables);
	gather->npages = 0;
	gather->leaves = 0;
}
