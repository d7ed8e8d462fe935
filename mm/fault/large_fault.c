/* SPDX-License-Identifier: MIT */
/* Large entries (superpages): made for a sweep or on advice, and the faults on them. */
#include "mm/fault/large_fault.h"

#include "mm/fault/fault_classify.h"
#include "mm/fault/install.h"
#include "mm/fault/run.h"
#include "mm/fault/userfault.h"
#include "mm/fault/zero_page.h"
#include "mm/phys/large_page.h"
#include "mm/phys/reservation.h"
#include "mm/space/large_entry.h"

/*
 * A sweep that has written a whole block, and goes on with the first page of the next one, gets all of that by one entry. So
 * memory still grows to about twice what was written (mm/fault/run.c), and no page has to be moved. A sweep downwards gets
 * the block before. MADV_HUGEPAGE gets a block at the first write to any of its pages.
 *
 * The block is filled where its table is missing, so that there is no entry yet. If there is no free block, the fault goes on
 * as if nothing had been asked.
 */

/* ---- which blocks ---- */

/* Of a block, one page in so many is looked at. */
#define SAMPLED 32

static bool page_has_bytes(const struct page *page)
{
	const uint64_t *word = page_address(page), *end = word + PAGE_SIZE / sizeof(*word);

	while (word < end && !atomic_load_relaxed(word))
		word++;
	return word < end;
}

/*
 * D of a large entry is set as soon as one page was written. Whether the others were, their bytes tell: a block begins with
 * zeros, and not many sweeps leave whole pages of them.
 */
static bool is_large_written(struct mmu_entry large)
{
	const struct page *head = pfn_to_page(entry_pfn(large));
	size_t i = SAMPLED - 1;

	if (!entry_is_written(large))
		return false;
	while (i < MMU_LEAF_ENTRIES && page_has_bytes(&head[i]))
		i += SAMPLED;
	return i >= MMU_LEAF_ENTRIES;
}

/* Has it written all pages of the block to which `beside` belongs, the page that comes before the fault's, or after it? */
static bool is_block_written(const struct space *space, vaddr_t beside)
{
	const struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, beside);

	if (slot)
		return entry_is_written(entry_load(slot)) &&
		       is_table_written(slot - (beside >> PAGE_SHIFT) % MMU_LEAF_ENTRIES);
	slot = arch_mmu_lookup_large(&space->mmu, beside);
	return slot && is_large_written(entry_load(slot));
}

/* Has the block of the fault's page no other page than the zero page? */
static bool is_block_blank(const struct fault *fault)
{
	const struct mmu_entry *slot = arch_mmu_lookup(&fault->space->mmu, large_base(fault->va));

	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++) {
		struct mmu_entry entry = entry_load(&slot[i]);

		if (!entry_empty(entry) && !entry_is_zero_page(entry) && &slot[i] != fault->slot)
			return false;
	}
	return true;
}

/* Does the write continue a sweep that has filled the neighbouring block? Then that is in the VMA, too. */
static inline bool is_sweep(const struct fault *fault, vaddr_t base)
{
	const struct vma *vma = fault->vma;

	if (fault->va == base)
		return base - vma->start >= MMU_LARGE_SIZE &&
		       is_block_written(fault->space, base - PAGE_SIZE);
	base += MMU_LARGE_SIZE;
	return fault->va == base - PAGE_SIZE && vma->end - base >= MMU_LARGE_SIZE &&
	       is_block_written(fault->space, base);
}

static inline bool large_is_wanted(const struct fault *fault, vaddr_t base)
{
	const struct vma_attr *attr = &fault->attr;

	if (base < fault->vma->start || fault->vma->end - base < MMU_LARGE_SIZE ||
	    attr->backend != &vma_anon || !fault_is_write(fault) || attr->prot & VM_PROT_EXEC ||
	    !run_is_allowed(fault->space, attr->flags) ||
	    (!fault->reader && run_is_barred(fault->space)))
		return false;
	if (fault->prepared &&
	    fault->prepared->block) /* an earlier round has looked at the sweep */
		return true;
	return attr->flags & VMA_HUGE || is_sweep(fault, base);
}

void large_at_border_found(struct fault *fault, vaddr_t base)
{
	if (!is_sweep(fault, base))
		return;
	if (reservation_count())
		fault->swept = fault->va == base ? base - MMU_LARGE_SIZE : base + MMU_LARGE_SIZE;
	if (base >= fault->vma->start && fault->vma->end - base >= MMU_LARGE_SIZE &&
	    is_block_blank(fault))
		fault->into = base;
}

/* ---- a new one ---- */

/* The block beside the new one may have become full page by page. Returns an outcome. */
static enum vm_outcome swept_if_reserved(struct fault *fault, vaddr_t base)
{
	if (likely(!reservation_count()) || fault->attr.flags & VMA_HUGE || fault->space->recorded)
		return VM_OK;
	fault->run = 0;
	fault->into = 0;
	fault->swept = fault->va == base ? base - MMU_LARGE_SIZE : base + MMU_LARGE_SIZE;
	return VM_RUN;
}

/* Returns false if there is no block to be had. */
static bool large_fill(struct fault *fault, vaddr_t base, enum vm_outcome *outcome_ret)
{
	const struct fault_prepared *prepared = fault->prepared;

	if (fault->reader)
		*outcome_ret = VM_AGAIN;
	else if (!prepared || !(prepared->needed & FAULT_NEEDS_BLOCK))
		*outcome_ret = fault_need(fault, FAULT_NEEDS_BLOCK);
	else if (prepared->block)
		*outcome_ret = install_large(fault, base) ?: swept_if_reserved(fault, base);
	else
		return false;
	return true;
}

/* ---- one that is there ---- */

/* Returns the kind of the fault. For a debugger's write, which may do more than the VMA allows, the block is split. */
static enum fault_kind large_classify(const struct fault *fault)
{
	struct fault_facts facts = {
		.access = fault->wanted,
		.vma_prot = fault->attr.prot,
		.entry_state = entry_state(fault->entry),
		.entry_prot = entry_prot(fault->entry),
		.entry_flags = entry_flags(fault->entry),
		.page_kind = PAGE_ANON,
		.maps = 1,
		.refs = 1,
	};
	enum fault_kind kind = fault_classify(&facts);

	if (fault->access & ACCESS_FORCE && kind != FAULT_SPURIOUS)
		return FAULT_COW;
	if (kind == FAULT_REUSE && !large_is_alone(pfn_to_page(entry_pfn(fault->entry))))
		return FAULT_COW;
	return kind;
}

/* A page needs an entry of its own. The next round finds that. */
static enum vm_outcome split_for_page(struct fault *fault, vaddr_t base)
{
	struct fault_prepared *prepared = fault->prepared;

	if (!prepared || !prepared->tables.count) {
		fault->need.ntables = 1;
		return fault_need(fault, FAULT_NEEDS_TABLES);
	}
	large_split_to(fault->space, base, mmu_tables_pop(&prepared->tables), SPLIT_WRITE);
	return VM_AGAIN;
}

static enum vm_outcome large_fault(struct fault *fault, vaddr_t base)
{
	enum fault_kind kind = large_classify(fault);

	if (fault->reader && kind != FAULT_ACCESSED && kind != FAULT_SPURIOUS)
		return VM_AGAIN;
	if (kind == FAULT_COW)
		return split_for_page(fault, base);
	fault->kind = kind;
	switch (kind) {
	case FAULT_ACCESSED:
		return install_accessed(fault);
	case FAULT_SPURIOUS:
		return install_nothing(fault);
	case FAULT_USER_WP:
		return userfault_is_of_page(fault) ? split_for_page(fault, base)
						   : userfault_protected(fault);
	default:
		return install_reuse_large(fault);
	}
}

bool large_resolve(struct fault *fault, enum vm_outcome *outcome_ret)
{
	vaddr_t base = large_base(fault->va);
	struct mmu_entry *slot = NULL;

	if (unlikely(fault->space->large))
		slot = arch_mmu_lookup_large(&fault->space->mmu, base);
	if (slot) {
		fault->slot = slot;
		fault->entry = entry_load(slot);
		*outcome_ret = large_fault(fault, base);
		fault->slot = NULL; /* it is no slot of a page */
	} else if (!large_is_wanted(fault, base) || !large_fill(fault, base, outcome_ret)) {
		return false;
	}
	if (*outcome_ret == VM_OK)
		fault->access |= ACCESS_AHEAD;
	return true;
}
