/* SPDX-License-Identifier: MIT */
/* Makes the pages of a block of memory one large entry (a superpage). */
#include "mm/fault/collapse.h"

#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/install.h"
#include "mm/fault/zero_page.h"
#include "mm/phys/large_page.h"
#include "mm/space/large_entry.h"
#include "mm/space/tlb_gather.h"
#include "mm/vm_wait.h"

/*
 * Pages that do not have the frame of their place are moved. Under each hold of the space's lock a few are copied; programs may use the
 * memory in between, and change it. The last hold takes out the leaf table, fences, copies the rest, and writes the large entry: break
 * before make. A hart that uses the memory meanwhile faults, and waits for the lock.
 */
#define MOVED_AT_ONCE 16

struct collapse {
	struct space *space;
	vaddr_t base;
	struct reservation *block;
	bool fills_holes; /* the block's frames are filled with zeros */
	/* Found under the lock: */
	struct vma *vma;
	struct mmu_entry *slots; /* of the block of memory */
	bool is_writable;	 /* some page is */
	size_t nholes, nmoves;
	uint16_t moves[MOVED_AT_ONCE]; /* the first pages that are not in their places */
};

static bool is_allowed(const struct collapse *collapse)
{
	const struct vma *vma = collapse->vma;

	return vma && collapse->base >= vma->start && vma->end - collapse->base >= MMU_LARGE_SIZE &&
	       vma->backend == &vma_anon && !(vma->prot & VM_PROT_EXEC) &&
	       !(vma->flags & (VMA_NOHUGE | VMA_ONFAULT | VMA_MOVING | VMA_UF_WP)) &&
	       !collapse->space->thp_disabled && !collapse->space->unusual;
}

/* Has the page no users but its entries? Then a copy may take its place. */
static bool is_copyable(const struct page *page)
{
	const uint64_t counts = atomic_load_relaxed(&page->counts);

	return page_kind(page) == PAGE_ANON && !page_pins(page) &&
	       !page_has(page, PAGE_SWAP_CACHED) && (uint32_t)counts == counts >> 32;
}

static bool is_in_place(const struct collapse *collapse, struct mmu_entry entry, size_t i)
{
	return entry_has_page(entry) &&
	       entry_pfn(entry) == page_to_pfn(collapse->block->head) + i &&
	       atomic_load_relaxed(&collapse->block->head[i].counts) == PAGE_ONE_MAP;
}

static bool is_hole(struct mmu_entry entry)
{
	return entry_empty(entry) || entry_is_zero_page(entry);
}

/* Finds out what is to be moved. Returns false if the pages cannot be made one block. */
static bool look_at_pages(struct collapse *collapse)
{
	collapse->is_writable = false;
	collapse->nholes = collapse->nmoves = 0;
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++) {
		struct mmu_entry entry = entry_load(&collapse->slots[i]);

		collapse->is_writable |= entry_prot(entry) & VM_PROT_WRITE;
		if (is_in_place(collapse, entry, i))
			continue;
		if (!reservation_has(collapse->block, i))
			return false;
		if (is_hole(entry)) {
			collapse->nholes++;
			continue;
		}
		if (!entry_has_page(entry) || !is_copyable(pfn_to_page(entry_pfn(entry))))
			return false;
		if (collapse->nmoves < MOVED_AT_ONCE)
			collapse->moves[collapse->nmoves] = (uint16_t)i;
		collapse->nmoves++;
	}
	return collapse->fills_holes || !collapse->nholes;
}

/* Moves the first pages that are not in their places, each by its own entry. */
static void move_some_pages(struct collapse *collapse, struct gather *gather)
{
	struct page *const *from = gather->pages;

	for (unsigned n = 0; n < MOVED_AT_ONCE; n++) {
		const size_t i = collapse->moves[n];

		gather_zap_entry(gather, NULL, collapse->base + i * PAGE_SIZE, &collapse->slots[i],
				 ENTRY_NONE);
	}
	gather_fence(gather);
	for (unsigned n = 0; n < MOVED_AT_ONCE; n++) {
		const size_t i = collapse->moves[n];
		struct page *to = reservation_take(collapse->block, i);

		arch_page_copy(page_address(to), page_address(from[n]));
		install_moved(collapse->vma, &collapse->slots[i], collapse->base + i * PAGE_SIZE,
			      to);
	}
}

/* Takes out the leaf table with its entries, and fences. Returns it. */
static paddr_t take_out_table(struct collapse *collapse, struct gather *gather)
{
	struct space *space = collapse->space;
	paddr_t table;

	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		debt_owe(space, collapse->base + i * PAGE_SIZE, entry_load(&collapse->slots[i]),
			 ENTRY_NONE);
	table = arch_mmu_unlink_leaf(&space->mmu, collapse->base);
	gather->flush.tables = true;
	gather_fence(gather);
	space->tables--;
	space->layout++;
	return table;
}

/* Puts the last pages into their places. Those that they had are in the gather then. */
static void move_last_pages(struct collapse *collapse, struct gather *gather)
{
	for (size_t n = 0; n < collapse->nmoves; n++) {
		const size_t i = collapse->moves[n];
		struct page *from = pfn_to_page(entry_pfn(entry_load(&collapse->slots[i])));

		arch_page_copy(page_address(reservation_take(collapse->block, i)),
			       page_address(from));
		debt_assert_frame(collapse->space, from);
		gather->pages[gather->npages++] = from;
	}
}

/* Each page of the block gets one reference, which is the block's; those in their places had that of their entry. */
static void make_large(struct collapse *collapse, struct gather *gather)
{
	struct reservation *block = collapse->block;
	struct page *head = block->head;
	paddr_t table = take_out_table(collapse, gather);

	move_last_pages(collapse, gather);
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++) {
		if (!reservation_take(block, i)) {
			head[i].counts = PAGE_ONE_REF;
			page_start(&head[i], PAGE_ANON, 0, 0);
		}
	}
	arch_page_zero(collapse->slots);
	mmu_tables_push(&gather->tables, table);
	large_map_first(head);
	space_add_resident(collapse->space, collapse->nholes);
	install_collapsed(collapse->vma, collapse->base, head);
	counter_add(&large_counts.collapsed, 1);
}

/* One hold of the lock. Returns 0 when all is done, 1 to be called again, or an errno. */
static int collapse_step(struct collapse *collapse, struct gather *gather)
{
	struct space *space = collapse->space;

	collapse->vma = vma_find(space, collapse->base);
	if (!is_allowed(collapse))
		return -EINVAL;
	collapse->slots = arch_mmu_lookup(&space->mmu, collapse->base);
	if (!collapse->slots)
		return arch_mmu_lookup_large(&space->mmu, collapse->base) ? 0 : -EINVAL;
	if (!look_at_pages(collapse))
		return -EAGAIN;
	if (!collapse->is_writable)
		return -EINVAL;
	if (collapse->nmoves > MOVED_AT_ONCE) {
		move_some_pages(collapse, gather);
		return 1;
	}
	make_large(collapse, gather);
	return 0;
}

static int collapse_pages(struct collapse *collapse)
{
	struct space *space = collapse->space;
	struct gather gather;
	int result;

	gather_init(&gather, space);
	do {
		space_lock(space);
		result = collapse_step(collapse, &gather);
		debt_assert_none(space);
		if (space->readers && !space->unusual)
			space_open(space);
		space_unlock(space);
		gather_free(&gather);
	} while (result > 0 && !vm_pause());
	return result > 0 ? -EAGAIN : result; /* killed */
}

void collapse_found(struct space *space, vaddr_t base)
{
	struct reservation block;
	struct collapse collapse = { .space = space, .base = base, .block = &block };

	if (!reservation_end(space, base, &block))
		return;
	(void)collapse_pages(&collapse);
	(void)reservation_release(&block);
}

int collapse_block(struct space *space, vaddr_t base)
{
	struct reservation block;
	struct collapse collapse = {
		.space = space, .base = base, .block = &block, .fills_holes = true
	};
	int result;

	if (!reservation_make(&block, space, base))
		return -ENOMEM;
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		arch_page_zero(page_address(&block.head[i]));
	result = collapse_pages(&collapse);
	(void)reservation_release(&block);
	return result;
}
