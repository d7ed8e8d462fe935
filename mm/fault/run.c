/* SPDX-License-Identifier: MIT */
/* Runs: a fault that continues a sweep through private anonymous memory also fills pages ahead of it. */
#include "mm/fault/run.h"

#include "mm/check/fence_debt.h"
#include "mm/fault/collapse.h"
#include "mm/fault/install.h"
#include "mm/fault/large_fault.h"
#include "mm/fault/zero_page.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/reservation.h"
#include "mm/record.h"
#include "mm/space/large_entry.h"
#include "sync/interleave.h"

/*
 * A fault after n pages in a row that the program has written fills n pages, its own first: 1, 1, 2, 4 and so on. So
 * memory grows to at most twice what was written, a page that is touched alone costs one frame, and a sweep takes ten
 * faults for the first 2 MiB. The row may come before the page or after it, for a sweep downwards. Where the kernel
 * maintains D, pages that were filled ahead count as written: without D each would fault on its first use.
 *
 * A read of memory that was never written maps the zero page in the same way. This costs no memory, so it is enough that
 * of the row the pages 1, 2, 4 and so on behind the page are there.
 *
 * A run ends with the VMA and with its leaf table. The row may be in another table.
 */
#define RUN_MAX 256

/*
 * A block of memory is reserved frames for (mm/phys/reservation.h) when it is filled from its beginning, and the row is so long that the
 * work for that, of some 10,000 instructions, is little beside the zeroing.
 */
#define RESERVE_ROW 16u

struct run_counts run_counts; /* atomic */

/* ---- the row, and what is free ---- */

/* Is the page in use? `written`: has it been written, since it could be? The zero page never is. */
static inline bool is_in_row(struct mmu_entry entry, bool written)
{
	return written ? entry_is_written(entry) : entry_has_page(entry);
}

/* Where a run goes from the page of its fault: upwards (step 1) or downwards (-1). */
struct way {
	long step;
	size_t behind;	 /* pages of the VMA behind the page */
	size_t in_table; /* of these so many have their entries in the table of the page's */
	size_t ahead;	 /* pages of the VMA ahead of it that have their entries in that table */
};

static inline struct way way_of(const struct fault *fault, long step)
{
	const size_t last = MMU_LEAF_ENTRIES - 1;
	const size_t index = (fault->va >> PAGE_SHIFT) % MMU_LEAF_ENTRIES;
	const size_t below = (fault->va - fault->vma->start) >> PAGE_SHIFT;
	const size_t above = ((fault->vma->end - fault->va) >> PAGE_SHIFT) - 1;

	if (step > 0)
		return (struct way){ 1, below, index, MIN(above, last - index) };
	return (struct way){ -1, above, last - index, MIN(below, index) };
}

/* Returns the slot of the page that is n pages behind the fault's, or NULL if it has no table. */
static inline const struct mmu_entry *slot_behind(const struct fault *fault, const struct way *way,
						  size_t n)
{
	if (likely(n <= way->in_table))
		return fault->slot - way->step * (long)n;
	return arch_mmu_lookup(&fault->space->mmu, fault->va - (vaddr_t)way->step * n * PAGE_SIZE);
}

static inline bool is_row_behind(const struct fault *fault, const struct way *way, size_t n,
				 bool written)
{
	const struct mmu_entry *slot = n <= way->behind ? slot_behind(fault, way, n) : NULL;

	return slot && is_in_row(entry_load(slot), written);
}

/* A quick look: is the page touched alone? Of the first and the last page of a table run_find_way() finds out. */
static inline bool is_alone(const struct fault *fault)
{
	const size_t index = (fault->va >> PAGE_SHIFT) % MMU_LEAF_ENTRIES;

	return index > 0 && index < MMU_LEAF_ENTRIES - 1 &&
	       entry_empty(entry_load(fault->slot - 1)) && entry_empty(entry_load(fault->slot + 1));
}

static inline bool may_run(const struct fault *fault)
{
	return fault->attr.backend == &vma_anon &&
	       (fault->reader || !run_is_barred(fault->space)) &&
	       run_is_allowed(fault->space, fault->attr.flags);
}

/* Finds which way the fault continues a row, if it does. The caller holds the space's lock, or is a reader. */
static inline bool run_find_way(const struct fault *fault, bool written, struct way *way_ret)
{
	*way_ret = way_of(fault, 1);
	if (is_row_behind(fault, way_ret, 1, written))
		return true;
	*way_ret = way_of(fault, -1);
	return is_row_behind(fault, way_ret, 1, written);
}

/*
 * What may be filled, or made writable, ahead of a write. Of what is there, only an entry for the zero page is replaced, and not
 * beside readers.
 */
static inline bool is_next(const struct fault *fault, struct mmu_entry entry, bool reuse)
{
	if (reuse)
		return entry_has_page(entry) && !(entry_prot(entry) & VM_PROT_WRITE);
	return likely(entry_empty(entry)) || (!fault->reader && entry_is_zero_page(entry));
}

/* Returns how many pages a write may take, its own included: so many are in a row behind it, and to be had from it on. */
static inline size_t run_length(const struct fault *fault, const struct way *way, bool reuse)
{
	const size_t most = MIN(MIN(way->behind, way->ahead + 1), (size_t)RUN_MAX);
	const struct mmu_entry *behind = slot_behind(fault, way, 1), *next = fault->slot;
	size_t n;

	for (n = 1; n < most; n++) {
		if (unlikely(n == way->in_table))
			behind = slot_behind(fault, way, n + 1);
		else
			behind -= way->step;
		next += way->step;
		if (unlikely(!behind) || !is_in_row(entry_load(behind), true) ||
		    !is_next(fault, entry_load(next), reuse))
			break;
	}
	return n;
}

/* ---- frames ---- */

/* Shall frames be reserved for the rest of the block, of which the row has all pages before the fault's? It lies whole in the VMA. */
static inline bool is_reserve_wanted(const struct way *way, size_t row)
{
	return row >= RESERVE_ROW && way->in_table <= RESERVE_ROW && way->behind >= way->in_table &&
	       way->in_table + 1 + way->ahead == MMU_LEAF_ENTRIES;
}

/* Apart from run_begin(), which so saves no registers for a page that is touched alone: row touch_one_of_16 of widebench. */
static enum vm_outcome begin_beside(struct fault *fault)
{
	struct way way;
	size_t n;

	if (!may_run(fault) || fault->access & ACCESS_TAKE || (fault->attr.prot & VM_PROT_EXEC) ||
	    !(fault->attr.prot & VM_PROT_WRITE))
		return VM_OK;
	large_at_border(fault);
	fault->run = 0;
	if (!fault->into && run_find_way(fault, true, &way)) {
		n = run_length(fault, &way, false);
		fault->run = way.step * (long)(n - 1);
		fault->reserve = !fault->space->recorded && is_reserve_wanted(&way, n);
	}
	return fault->run || fault->swept || fault->into ? VM_RUN : VM_OK;
}

enum vm_outcome run_begin(struct fault *fault)
{
	return is_alone(fault) ? VM_OK : begin_beside(fault);
}

/* Reclaim may drop what was filled ahead, until the program writes to it. Where the kernel maintains D, all have it at once. */
static void run_batch_alloc(const struct space *space, struct install_batch *batch, size_t n)
{
	const uint64_t flags = arch_sets_accessed() ? PAGE_LAZYFREE : 0;

	batch->n = reservation_take_some(space, batch->va, batch->step, n, batch->pages);
	if (batch->n == 0)
		batch->n = page_alloc_some(batch->pages, n, PAGE_ANON);
	for (size_t i = 0; i < batch->n; i++) {
		struct page *page = batch->pages[i];

		page_start(page, PAGE_ANON, 0, flags);
		page->zeroed_pfn = page_to_pfn(page);
		arch_page_zero(arch_phys_to_virt(pfn_to_paddr(page->zeroed_pfn)));
	}
}

/*
 * A recorded space: is there room in the journal, and does it have all VMAs? A verb at work tells of its own at its end. The
 * record of the fault's own round comes first in any case.
 */
static bool can_be_recorded(const struct space *space)
{
	return likely(!space->recorded) ||
	       (!atomic_load_relaxed(&mm_record.full) && !space->busy_end);
}

/* Returns the VMA of the batch if it may still be filled, else NULL. The caller holds the space's lock or is a reader. */
static struct vma *run_batch_vma(struct fault *fault, const struct install_batch *batch)
{
	struct space *space = fault->space;
	struct vma *vma = vma_find(space, batch->va);
	vaddr_t last = install_batch_va(batch, batch->n - 1);

	if (!fault->reader && (run_is_barred(space) || !can_be_recorded(space)))
		return NULL;
	if (!vma || last < vma->start || last >= vma->end || vma->backend != &vma_anon ||
	    vma->prot != fault->attr.prot || vma->flags != fault->attr.flags ||
	    !run_is_allowed(space, vma->flags))
		return NULL;
	return vma;
}

/* Installs what of the batch can be installed. Returns how many frames. */
static size_t run_batch_install(struct fault *fault, const struct install_batch *batch)
{
	struct space *space = fault->space;
	struct vma *vma;
	size_t done = 0;

	fault->reader = space->readers ? space_enter(space) : NULL;
	if (fault->reader) {
		space_has_lazyfree(space);
		vma = run_batch_vma(fault, batch);
		if (vma) {
			if (fault->reader->vma != vma)
				space_reader_turn(space, fault->reader, vma);
			done = install_batch_beside(space, vma, batch);
			fault->reader->ahead += (uint32_t)done;
		}
		space_leave(space, fault->reader);
		return done;
	}
	space_lock(space);
	space_has_lazyfree(space);
	vma = run_batch_vma(fault, batch);
	if (vma)
		done = install_batch(space, vma, batch);
	note_run(space, batch->va, batch->step, done);
	space_add_resident(space, done);
	space->stats.ahead += done;
	debt_assert_none(space);
	if (space->readers && !space->unusual)
		space_open(space);
	space_unlock(space);
	return done;
}

static void fill_pages(struct fault *fault)
{
	const long step = fault->run < 0 ? -1 : 1;
	size_t left = MIN((size_t)(fault->run * step), page_alloc_above_low());
	struct install_batch batch = { .step = step };
	size_t done, total = 0;

	batch.va = fault->va + (vaddr_t)step * PAGE_SIZE;
	for (; left > 0; left -= done) {
		run_batch_alloc(fault->space, &batch, MIN(left, (size_t)INSTALL_BATCH));
		if (batch.n == 0)
			break;
		interleave(INTERLEAVE_DECIDED, LOCK_NONE, NULL);
		done = run_batch_install(fault, &batch);
		total += done;
		if (unlikely(done < batch.n)) {
			for (size_t i = done; i < batch.n; i++)
				page_free(batch.pages[i], 0);
			break;
		}
		batch.va = install_batch_va(&batch, done);
	}
	counter_add(&run_counts.runs, 1);
	counter_add(&run_counts.pages, total);
}

void run_fill(struct fault *fault)
{
	if (fault->swept)
		collapse_reserved(fault->space, fault->swept);
	if (fault->into)
		(void)collapse_block(fault->space, fault->into);
	if (!fault->run)
		return;
	if (fault->reserve)
		reservation_begin(fault->space, large_base(fault->va));
	fill_pages(fault);
}

/* ---- pages that become writable ---- */

void run_reuse(struct fault *fault)
{
	struct way way;
	size_t n;

	if (is_alone(fault) || !may_run(fault) || !run_find_way(fault, true, &way))
		return;
	n = install_reuse_ahead(fault, way.step, run_length(fault, &way, true) - 1);
	if (!n)
		return;
	fault->run = way.step * (long)n;
	fault->access |= ACCESS_AHEAD;
	counter_add(&run_counts.reused_pages, n);
}

/* ---- the zero page ---- */

static void zeros_beside(struct fault *fault)
{
	struct way way;
	size_t n;

	if (!may_run(fault) || !run_find_way(fault, false, &way))
		return;
	for (n = 1; n < MMU_LEAF_ENTRIES && is_row_behind(fault, &way, 2 * n, false);)
		n *= 2;
	n = MIN(n - 1, way.ahead);
	if (n == 0)
		return;
	n = install_zeros(fault, way.step, n);
	fault->run = way.step * (long)n;
	fault->access |= ACCESS_AHEAD;
	counter_add(&run_counts.runs, 1);
	counter_add(&run_counts.zero_pages, n);
}

void run_zeros(struct fault *fault)
{
	if (!is_alone(fault))
		zeros_beside(fault);
}
