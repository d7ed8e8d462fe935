/* SPDX-License-Identifier: MIT */
/* Moves the entries of a range to another address, for mremap. */
#include "mm/verbs/remap_move.h"

#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/userfault_event.h"
#include "mm/host.h"
#include "mm/phys/table_pages.h"
#include "mm/record.h"
#include "mm/space/large_entry.h"
#include "mm/space/space_visit.h"
#include "mm/space/vma_modify.h"
#include "mm/swap/relieve.h"
#include "mm/verbs/unmap.h"

/*
 * During the move both VMAs exist. They are marked VMA_MOVING and have no permissions, so that a
 * fault in them waits until the verb has ended. So no thread finds a page missing while it is being
 * moved, and no fault changes how many page tables are needed. A truncation finds both VMAs: the
 * new one is behind the old one in the object's list, and no later truncation was carried out in it
 * than in the old one (see mm/verbs/truncate.c).
 */

/* Leaf tables that a piece may visit to count page tables. */
#define COUNT_LEAVES 32
/* Page tables that are allocated between two calls of vm_pause(). */
#define FILL_TABLES  64
/* Entries that a piece may move, unless it moves a whole table. */
#define MOVE_ENTRIES 32u

struct move {
	struct space *space;
	vaddr_t start, end; /* the part of the old range that may have entries */
	vaddr_t delta;	    /* the new address minus the old one; may wrap */
	struct vma *from, *to;
	unsigned prot;
	struct mmu_tables tables;
	struct mmu_tables replaced; /* empty tables that were at the new address */
	/* of one piece: */
	vaddr_t resume; /* where it stopped */
	unsigned leaves;
	struct mmu_flush flush;
};

/* ---- page tables, allocated before anything moves ---- */

struct table_count {
	struct move *move;
	unsigned needed;
	uint64_t last[MMU_LEVELS]; /* the last table counted, by level */
};

/*
 * Does the leaf table, or the large entry, move as a whole? So it does if it takes the place of one at the new address. Else a
 * large entry is split.
 */
static bool moves_whole(const struct move *move, const struct mmu_leaf *leaf)
{
	return (leaf->large || leaf->count == MMU_LEAF_ENTRIES) &&
	       (move->delta >> PAGE_SHIFT) % MMU_LEAF_ENTRIES == 0;
}

/*
 * Counts the page tables that a range of new addresses may need and that are not counted yet. `whole`: without the leaf
 * table.
 */
static void count_range(struct table_count *count, vaddr_t start, vaddr_t end, bool whole)
{
	uint64_t span = PAGE_SIZE;

	for (unsigned level = 0; level + 1 < MMU_LEVELS; level++) {
		uint64_t first, last;

		span *= MMU_LEAF_ENTRIES;
		if (level == 0 && whole)
			continue;
		first = start / span;
		last = (end - 1) / span;
		if (count->last[level] != UINT64_MAX && first <= count->last[level])
			first = count->last[level] + 1;
		if (first > last)
			continue;
		count->needed += (unsigned)(last - first) + 1;
		count->last[level] = last;
	}
}

static int count_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct table_count *count = arg;
	struct move *move = count->move;
	vaddr_t to = leaf->va + move->delta;

	if (move->leaves++ == COUNT_LEAVES) {
		move->resume = leaf->va;
		return 1;
	}
	count_range(count, to, mmu_leaf_end(leaf) + move->delta, moves_whole(move, leaf));
	if (leaf->large && !moves_whole(move, leaf))
		count->needed++;
	return 0;
}

static unsigned count_tables(struct move *move)
{
	struct table_count count = { .move = move };
	vaddr_t at = move->start;

	for (unsigned level = 0; level < MMU_LEVELS; level++)
		count.last[level] = UINT64_MAX;
	while (at < move->end) {
		move->leaves = 0;
		move->resume = move->end;
		(void)space_visit_piece(move->space, at, move->end, count_leaf, &count);
		at = move->resume;
		(void)vm_pause();
	}
	return count.needed;
}

static int alloc_tables(struct move *move)
{
	unsigned needed = count_tables(move);

	while (move->tables.count < needed) {
		int result = tables_fill_wait(&move->tables,
					      MIN(needed, move->tables.count + FILL_TABLES));

		if (result)
			return result;
		(void)vm_pause();
	}
	return 0;
}

/* ---- VMAs ---- */

/* Makes faults in the VMA wait. The caller holds the space's lock. */
static void vma_stop(struct vma *vma)
{
	vma_set_prot(vma, 0);
	vma->flags |= VMA_MOVING;
}

/* Ends what vma_stop() began. The caller holds the space's lock. */
static void vma_resume(struct vma *vma, unsigned prot, struct list *dead)
{
	vma->flags &= ~VMA_MOVING;
	vma_set_prot(vma, prot);
	vma_merge(vma, dead);
}

static void from_resume(struct move *move)
{
	struct list dead = LIST_INIT(dead);

	space_lock(move->space);
	vma_resume(move->from, move->prot, &dead);
	space_unlock(move->space);
	vma_free_dead(&dead);
}

/* Makes the old range a VMA of its own in which faults wait. Returns 0 or -ENOMEM. */
static int begin(struct move *move, vaddr_t start, vaddr_t end)
{
	int result = vma_split_edges(move->space, start, end, false);

	if (result)
		return result;
	space_lock(move->space);
	move->from = vma_find(move->space, start);
	move->prot = move->from->prot;
	move->start = MAX(start, move->from->touched_start);
	move->end = MIN(end, move->from->touched_end);
	vma_stop(move->from);
	space_unlock(move->space);
	return 0;
}

/* Inserts a copy of the old VMA at the new address. The caller holds the space's lock. */
static void insert_new(struct move *move, struct vma *to, const struct vma *from, vaddr_t old_start,
		       size_t new_len)
{
	*to = *from;
	to->faults = (struct vma_faults){ 0 };
	to->flags &= ~VMA_HEAP;
	to->start = old_start + move->delta;
	to->end = to->start + new_len;
	if (from->object)
		to->offset += old_start - from->start;
	if (from->file_end && !(from->flags & VMA_USERFAULT))
		to->file_end += move->delta;
	to->touched_start = UINT64_MAX;
	to->touched_end = 0;
	if (move->start < move->end) {
		vma_touch(to, move->start + move->delta);
		vma_touch(to, move->end - PAGE_SIZE + move->delta);
	}
	if (to->object) {
		int result = vma_get_writecount(to->flags, to->object);

		assert(result == 0); /* the old one has succeeded */
	}
	if (unlikely(to->flags & VMA_USERFAULT) && !userfault_moves(to->userfault))
		vma_not_registered(to);
	vma_insert(move->space, to);
	move->to = to;
}

/* ---- entries ---- */

/* Moves an entry with its frame, permissions and flags. The new slot is EMPTY. */
static void move_entry(struct move *move, vaddr_t va, struct mmu_entry *slot, struct mmu_entry *to)
{
	struct mmu_entry old = entry_swap(slot, ENTRY_NONE);

	debt_owe(move->space, va, old, ENTRY_NONE);
	if (entry_downgrades(old, ENTRY_NONE))
		mmu_flush_add(&move->flush, va);
	debt_assert_entry(move->space, va + move->delta);
	*to = old;
}

static bool is_blank(const struct mmu_leaf *leaf)
{
	struct mmu_entry *end = leaf->entries + leaf->count;

	return entry_next_used(leaf->entries, end) == end;
}

/* The hardened build keeps account of what is to be fenced. */
static void owe_all(struct move *move, const struct mmu_leaf *leaf)
{
#ifdef FAULTLINE_HARDENED
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;

	entry_for_each_used(slot, leaf->entries, end)
		debt_owe(move->space, mmu_leaf_va(leaf, slot), entry_load(slot), ENTRY_NONE);
#else
	(void)move, (void)leaf;
#endif
}

/* Moves a leaf table with all its entries. */
static void move_table(struct move *move, const struct mmu_leaf *leaf)
{
	size_t before = move->tables.count + move->replaced.count;
	unsigned missing;

	owe_all(move, leaf);
	missing = arch_mmu_move_table(&move->space->mmu, leaf->va, leaf->va + move->delta,
				      &move->tables, &move->replaced);
	assert(!missing); /* the count includes what was missing */
	move->space->tables += before - (move->tables.count + move->replaced.count);
	move->flush.tables = true;
}

/* Moves a whole leaf table, or entries of one, at most MOVE_ENTRIES, into one table at the new address. */
static int move_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct move *move = arg;
	vaddr_t to = leaf->va + move->delta;
	unsigned room = MMU_LEAF_ENTRIES - (unsigned)((to >> PAGE_SHIFT) % MMU_LEAF_ENTRIES);
	unsigned n = MIN(MIN(leaf->count, room), MOVE_ENTRIES);
	unsigned before = move->tables.count;
	struct mmu_entry *slots;
	unsigned missing;

	if (move->leaves++) {
		move->resume = leaf->va;
		return 1;
	}
	if (is_blank(leaf))
		return 0;
	if (moves_whole(move, leaf)) {
		move_table(move, leaf);
		return 0;
	}
	if (unlikely(leaf->large)) {
		large_split_to(move->space, leaf->va, mmu_tables_pop(&move->tables), SPLIT_MOVE);
		move->resume = leaf->va;
		return 1;
	}
	missing = arch_mmu_prepare(&move->space->mmu, to, &move->tables);
	assert(!missing); /* the count includes this table */
	move->space->tables += before - move->tables.count;
	slots = arch_mmu_lookup(&move->space->mmu, to);
	assert(slots);
	for (unsigned i = 0; i < n; i++)
		if (!entry_empty(entry_load(&leaf->entries[i])))
			move_entry(move, leaf->va + i * PAGE_SIZE, &leaf->entries[i], &slots[i]);
	if (n == leaf->count)
		return 0;
	move->resume = leaf->va + n * PAGE_SIZE;
	return 1;
}

/* Returns where it stopped. The caller holds the space's lock. */
static vaddr_t move_piece(struct move *move, vaddr_t at)
{
	move->leaves = 0;
	move->resume = move->end;
	mmu_flush_init(&move->flush);
	(void)arch_mmu_visit(&move->space->mmu, at, move->end, move_leaf, move);
	if (atomic_load_relaxed(
		    &move->space->lazyfree)) /* the hand may have passed the new place */
		space_has_lazyfree(move->space);
	note_change(move->space, CHANGE_MOVED, at, move->resume, move->delta);
	space_fence(move->space, &move->flush);
	debt_assert_none(move->space);
	return move->resume;
}

/* Cannot fail. A kill does not stop it. */
static void move_entries(struct move *move)
{
	vaddr_t at = move->start;

	while (at < move->end) {
		space_lock(move->space);
		at = move_piece(move, at);
		space_unlock(move->space);
		(void)vm_pause();
	}
}

/* The locks have moved with the pages. */
static void unlock_from(struct vma *vma)
{
	space_lock(vma->space);
	if (vma->flags & VMA_LOCKED)
		vma->space->locked_bytes -= vma->end - vma->start;
	vma->flags &= ~(VMA_LOCKED | VMA_ONFAULT);
	space_unlock(vma->space);
}

static void finish(struct move *move, vaddr_t old_start, vaddr_t old_end, bool keep)
{
	struct list dead = LIST_INIT(dead);

	if (keep) {
		unlock_from(move->from);
		from_resume(move);
	} else {
		unmap_pieces(move->space, old_start, old_end);
	}
	space_lock(move->space);
	vma_resume(move->to, move->prot, &dead);
	space_unlock(move->space);
	vma_free_dead(&dead);
}

/* Maps the object of a shared VMA a second time. */
static void duplicate(struct move *move, struct vma *fresh, vaddr_t old_start, size_t new_len)
{
	struct list dead = LIST_INIT(dead);

	space_lock(move->space);
	insert_new(move, fresh, vma_find(move->space, old_start), old_start, new_len);
	vma_merge(fresh, &dead);
	space_unlock(move->space);
	vma_free_dead(&dead);
}

int remap_move(struct space *space, vaddr_t old_start, size_t old_len, vaddr_t new_start,
	       size_t new_len, unsigned flags)
{
	struct move move = { .space = space, .delta = new_start - old_start };
	struct vma *fresh = vma_alloc();
	int result;

	if (!fresh)
		return -ENOMEM;
	if (old_len == 0) {
		duplicate(&move, fresh, old_start, new_len);
		return 0;
	}
	result = begin(&move, old_start, old_start + old_len);
	if (result) {
		vma_free(fresh);
		return result;
	}
	result = alloc_tables(&move);
	if (result) {
		from_resume(&move);
		vma_free(fresh);
	} else {
		space_lock(space);
		insert_new(&move, fresh, move.from, old_start, new_len);
		if (!(flags & REMAP_KEEP))
			vma_leave(move.from);
		space_unlock(space);
		move_entries(&move);
		finish(&move, old_start, old_start + old_len, flags & REMAP_KEEP);
	}
	tables_free(&move.tables);
	tables_free(&move.replaced);
	return result;
}
