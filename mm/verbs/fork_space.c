/* SPDX-License-Identifier: MIT */
/* fork: copies an address space; parent and child share private pages copy-on-write. */
#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/userfault_event.h"
#include "mm/host.h"
#include "mm/phys/large_page.h"
#include "mm/phys/table_pages.h"
#include "mm/record.h"
#include "mm/space/commit.h"
#include "mm/space/large_entry.h"
#include "mm/space/vma_modify.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap_cache.h"
#include "mm/verbs.h"

/*
 * A piece copies one leaf table, or some large entries. It takes the parent's lock, then the child's; no other thread can
 * see the child yet.
 */

/* The most page tables that the child needs for one leaf table. */
#define FORK_TABLES (MMU_LEVELS - 1)

struct copying {
	struct space *parent, *child;
	vaddr_t noted;	    /* recorded space: the journal has all up to here */
	struct vma *from;   /* the parent's VMA that was copied last, or NULL */
	struct vma *vma;    /* the child's copy of it */
	bool leaving;	    /* some VMAs of the child are VMA_LEAVING */
	vaddr_t resume;	    /* where the piece stopped */
	bool done;	    /* a leaf table or a pinned page was copied: the piece ends */
	unsigned npassed;   /* empty leaf tables */
	struct page *spare; /* for the child's copy of a pinned page */
	bool needs_spare;
	bool downgraded; /* entries of the parent lost write permission: a fence is owed */
	struct mmu_tables tables;
};

/*
 * Makes the parent's entry copy-on-write, and returns it. The hardware may set A and D meanwhile,
 * and they must stay.
 */
static inline struct mmu_entry cow_protect(struct copying *copying, vaddr_t va,
					   struct mmu_entry *slot, struct mmu_entry old)
{
	struct mmu_entry new = entry_share(old);

	if (new.word == old.word)
		return old;
	while (unlikely(!entry_cas(slot, old, new))) {
		old = entry_load(slot);
		new = entry_share(old);
	}
	debt_owe(copying->parent, va, old, new);
	copying->downgraded |= entry_downgrades(old, new);
	return new;
}

/*
 * The child's entries [first, end) that are SWAP have been copied: they refer to their slots too,
 * until parent or child needs the page. The caller holds both locks, so that the slots stay. The swap cache's lock is taken
 * once: for each entry of a table it would cost more than R130 allows.
 */
static void refer_to_slots(struct copying *copying, struct mmu_entry *first, struct mmu_entry *end)
{
	struct mmu_entry *slot;

	spin_lock(&swap_cache.lock);
	entry_for_each_used(slot, first, end) {
		struct mmu_entry entry = entry_load(slot);

		if (entry_has_page(entry) || entry_is_blank(entry))
			continue;
		swap_slot_get_locked(entry_swap_slot(entry));
		copying->child->swapped++;
	}
	spin_unlock(&swap_cache.lock);
}

/* The child's slot for one of the parent's; their tables are so many bytes apart. */
static inline struct mmu_entry *slot_beside(struct mmu_entry *slot, uintptr_t apart)
{
	return (struct mmu_entry *)((uintptr_t)slot + apart);
}

/*
 * Copies the entries [first, end) of one leaf table, and counts one more map of each page. `to` is
 * the child's slot for leaf->va.
 */
static void copy_leaf_entries(struct copying *copying, const struct mmu_leaf *leaf,
			      struct mmu_entry *first, struct mmu_entry *end, struct mmu_entry *to)
{
	struct mmu_entry *slot;
	/* Copies, as they would be loaded again after each atomic operation. */
	const struct page_segment near = page_segments[0];
	const struct page *const zero = zero_page;
	const struct object *const object = copying->vma->object;
	const uintptr_t apart = (uintptr_t)to - (uintptr_t)leaf->entries;
	bool share = !vma_is_shared(copying->vma), swapped = false;
	unsigned nresident = 0, nobject = 0;

	entry_for_each_used(slot, first, end) {
		struct mmu_entry entry = entry_load(slot);
		struct page *page;

		if (!pfn_is_in(&near, entry_pfn_if_any(entry), &page) && !entry_has_page(entry)) {
			*slot_beside(slot, apart) = entry;
			swapped = true;
			continue;
		}
		if (!pfn_is_in(&near, entry_pfn_if_any(entry), &page))
			page = pfn_to_page_far(entry_pfn(entry));
		if (share)
			entry = cow_protect(copying, mmu_leaf_va(leaf, slot), slot, entry);
		*slot_beside(slot, apart) = entry;
		if (page == zero)
			continue;
		page_map_get(page);
		nresident++;
		if (object)
			nobject += page_is_of_object(page);
	}
	space_add_resident(copying->child, nresident);
	if (object)
		space_count_of_object(copying->child, object, nobject);
	if (unlikely(swapped))
		refer_to_slots(copying, to + (first - leaf->entries), to + (end - leaf->entries));
}

/*
 * In a VMA with VMA_UF_WP, copy_leaf_entries() makes entries COW that their program has write-protected: these are noted before, and
 * become again afterwards what they were. In a child that is not registered their marks mean nothing.
 */
struct wp_marks {
	uint64_t bits[MMU_LEAF_ENTRIES / 64];
};

/* Entries that a piece may copy where each may be marked. */
#define MARKED_ENTRIES 128

static void note_marks(struct wp_marks *marks, struct mmu_entry *first, struct mmu_entry *end)
{
	struct mmu_entry *slot;

	*marks = (struct wp_marks){ { 0 } };
	entry_for_each_used(slot, first, end) {
		if (entry_is_wp(entry_load(slot)))
			marks->bits[(slot - first) / 64] |= 1ul << (slot - first) % 64;
	}
}

/* `copy`: the child's slot for `first`. */
static void set_marks(const struct wp_marks *marks, struct mmu_entry *first, struct mmu_entry *end,
		      struct mmu_entry *copy)
{
	struct mmu_entry *slot, old;

	entry_for_each_used(slot, first, end) {
		const long i = slot - first;

		if (!(marks->bits[i / 64] >> i % 64 & 1))
			continue;
		do
			old = entry_load(slot);
		while (!entry_cas(slot, old, entry_set_wp(old, true)));
		copy[i] = entry_set_wp(entry_load(&copy[i]), true);
	}
}

static bool is_pinned(struct mmu_entry entry)
{
	const struct page *page = entry_has_page(entry) ? pfn_to_page(entry_pfn(entry)) : NULL;

	return page && page_kind(page) == PAGE_ANON && page_pins(page);
}

/* Returns the first of the entries [first, end) whose page is pinned, or the end. */
static struct mmu_entry *first_pinned(struct mmu_entry *first, struct mmu_entry *end)
{
	struct mmu_entry *slot;

	entry_for_each_used(slot, first, end) {
		if (is_pinned(entry_load(slot)))
			return slot;
	}
	return end;
}

/*
 * Copies a pinned page for the child at once. If both shared it, the parent's next write would go
 * to a copy instead of the pinned page. The piece ends after this; without a spare frame it ends
 * before it, and the next piece has one.
 */
static void copy_pinned(struct copying *copying, vaddr_t va, struct mmu_entry *slot,
			struct mmu_entry *to)
{
	struct mmu_entry entry = entry_load(slot);
	struct page *copy = copying->spare;

	copying->done = true;
	copying->resume = va;
	copying->needs_spare = !copy;
	if (!copy)
		return;
	arch_page_copy(page_address(copy), page_address(pfn_to_page(entry_pfn(entry))));
	if (unlikely(entry_prot(entry) & VM_PROT_EXEC))
		arch_mmu_sync_text(&copying->child->mmu);
	*to = entry_make(page_to_pfn(copy), entry_prot(entry),
			 entry_flags(entry) & (entry_is_wp(entry) ? ~0u : ~ENTRY_WP));
	page_ref_to_map(copy);
	space_add_resident(copying->child, 1);
	copying->spare = NULL;
	copying->resume = va + PAGE_SIZE;
}

/* Is a page of the block pinned, if one of the space's is? */
static bool has_pinned(const struct space *space, const struct page *head)
{
	for (size_t i = 0; unlikely(space->pins) && i < MMU_LEAF_ENTRIES; i++)
		if (page_pins(&head[i]))
			return true;
	return false;
}

/* Large entries that a piece may copy. */
#define LARGE_AT_ONCE 12u

/* Adds large entries to the child that the parent has, too. */
static void copy_large_run(struct copying *copying, const struct mmu_leaf *leaf, unsigned n)
{
	struct space *child = copying->child;
	const unsigned before = copying->tables.count;

	for (unsigned i = 0; i < n; i++) {
		const vaddr_t va = leaf->va + i * MMU_LARGE_SIZE;
		struct mmu_entry *slot = leaf->entries + i, entry;
		unsigned missing;

		entry = entry_load(slot);
		if (!entry_is_wp(entry)) /* else it is COW */
			entry = cow_protect(copying, va, slot, entry);
		missing = arch_mmu_map_large(&child->mmu, va, entry, &copying->tables);
		assert(!missing); /* copy_topup() has allocated enough */
		large_map_get(pfn_to_page(entry_pfn(entry)));
	}
	child->tables += before - copying->tables.count;
	child->large += n;
	space_add_resident(child, n * MMU_LEAF_ENTRIES);
}

/* Copies large entries. If a page of the first one is pinned, it is split, and the next piece copies the pages. The piece ends. */
static int copy_large(struct copying *copying, const struct mmu_leaf *leaf)
{
	const struct page *head = pfn_to_page(entry_pfn(entry_load(leaf->entries)));
	unsigned n = 1;

	if (has_pinned(copying->parent, head)) {
		copying->resume = leaf->va;
		large_split_to(copying->parent, leaf->va, mmu_tables_pop(&copying->tables),
			       SPLIT_PINNED);
		return 1;
	}
	if (likely(!copying->parent->pins))
		n = MIN(arch_mmu_large_run(leaf, copying->resume), LARGE_AT_ONCE);
	copy_large_run(copying, leaf, n);
	copying->resume = leaf->va + n * MMU_LARGE_SIZE;
	return 1;
}

/* Empty leaf tables that a piece may pass. */
#define PASS_TABLES    16
/* Entries that a piece may copy where each may be that of a pinned page. */
#define PINNED_ENTRIES 128

/* Returns the child's slot for va. */
static inline struct mmu_entry *slot_of_child(struct copying *copying, vaddr_t va)
{
	struct space *child = copying->child;
	const unsigned before = copying->tables.count;
	struct mmu_entry *slot = arch_mmu_lookup(&child->mmu, va);
	unsigned missing;

	if (slot)
		return slot;
	missing = arch_mmu_prepare(&child->mmu, va, &copying->tables);
	assert(!missing); /* copy_topup() has allocated enough */
	child->tables += before - copying->tables.count;
	return arch_mmu_lookup(&child->mmu, va);
}

static int copy_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct copying *copying = arg;
	struct mmu_entry *end = leaf->entries + leaf->count;
	struct mmu_entry *first, *to, *pinned = end;
	struct wp_marks marks;

	if (copying->done || copying->npassed == PASS_TABLES) {
		copying->resume = leaf->va;
		return 1;
	}
	if (unlikely(leaf->large))
		return copy_large(copying, leaf);
	first = entry_next_used(leaf->entries, end);
	if (first == end) {
		copying->npassed++;
		return 0;
	}
	to = slot_of_child(copying, leaf->va);
	if (unlikely(copying->parent->pins) && !vma_is_shared(copying->vma)) {
		end = MIN(end, first + PINNED_ENTRIES);
		pinned = first_pinned(first, end);
	}
	if (unlikely(copying->from->flags & VMA_UF_WP)) {
		end = MIN(end, first + MARKED_ENTRIES);
		pinned = MIN(pinned, end);
		note_marks(&marks, first, pinned);
	}
	copy_leaf_entries(copying, leaf, first, pinned, to);
	if (unlikely(copying->from->flags & VMA_UF_WP))
		set_marks(&marks, first, pinned, to + (first - leaf->entries));
	copying->done = true;
	if (likely(pinned == leaf->entries + leaf->count))
		return 0;
	if (pinned == end) {
		copying->resume = mmu_leaf_va(leaf, end);
		return 1;
	}
	copy_pinned(copying, mmu_leaf_va(leaf, pinned), pinned, to + (pinned - leaf->entries));
	return 1;
}

/*
 * Copies the entries of one leaf table, or some large entries. Returns where it stopped. The caller holds both locks.
 *
 * Entries that are copied become read-only in the parent. fork makes one fence for all of them at its end, where
 * it takes the lock by space_lock(). Until then another thread of the parent may still have an old translation and
 * write to a page that was copied already. The child maps that page too, so it gets these writes, as it gets
 * those to pages that are copied later. A thread without an old translation faults and waits (fault_may_begin()).
 * So the child has each thread's writes up to one moment: that of the fence, or of the thread's fault. space_lock()
 * makes the fence first, so no other code sees an entry of which some TLB still has more permissions.
 * The child's lock needs no such care: a page that reclaim takes out of the child stays as it
 * is until it has been taken out of the parent, too.
 */
static vaddr_t copy_piece(struct copying *copying, vaddr_t start, vaddr_t end)
{
	copying->resume = end;
	copying->done = copying->downgraded = false;
	copying->npassed = 0;
	(void)arch_mmu_visit(&copying->parent->mmu, start, end, copy_leaf, copying);
	if (copying->downgraded)
		space_owe(copying->parent);
	return copying->resume;
}

/* Allocates what a piece needs. Returns 0, -ENOMEM or -EINTR. */
static int copy_topup(struct copying *copying)
{
	if (unlikely(copying->needs_spare) && !copying->spare) {
		copying->spare = page_alloc_wait(0, PAGE_ANON);
		if (!copying->spare)
			return -ENOMEM;
	}
	return tables_fill_wait(&copying->tables, FORK_TABLES);
}

/* Writes what was copied up to `end` to the journal. The caller holds both locks. */
static void note_piece(struct copying *copying, vaddr_t end)
{
	mm_record.changed(copying->child, CHANGE_COPIED, copying->noted, end,
			  (uintptr_t)copying->parent);
	copying->noted = end;
}

/* Copies the entries of the child's newest VMA. Returns 0, -ENOMEM or -EINTR. */
static int copy_entries(struct copying *copying)
{
	vaddr_t start = copying->vma->touched_start, end = copying->vma->touched_end;

	while (start < end) {
		int result = copy_topup(copying);
		bool alive;

		if (result)
			return result;
		space_lock_to_fork(copying->parent);
		space_lock_child(copying->child);
		alive = !copying->parent->dying;
		if (alive)
			start = copy_piece(copying, start, end);
		if (unlikely(copying->child->recorded))
			note_piece(copying, start);
		space_unlock(copying->child);
		space_unlock(copying->parent);
		if (!alive || (start < end && vm_pause()))
			return -EINTR;
	}
	return 0;
}

/*
 * Does a child find by its faults all that the VMA has? Then nothing is copied, as on Linux. Swap entries of shared memory are
 * its object's. What is write-protected is known by the entries alone.
 */
static bool is_found_again(const struct vma *vma)
{
	return vma->object && !(vma->flags & VMA_UF_WP) &&
	       (vma_is_shared(vma) || !vma->has_private);
}

/* A child inherits no memory locks. What it does not get at all is copied without entries, and leaves at the end. */
static unsigned flags_of_copy(unsigned flags)
{
	flags &= ~(VMA_LOCKED | VMA_ONFAULT);
	return unlikely(flags & VMA_DONTFORK) ? flags | VMA_LEAVING : flags;
}

static bool is_copied_empty(const struct vma *vma)
{
	return unlikely(vma->flags & (VMA_WIPE | VMA_LEAVING)) || is_found_again(vma);
}

/* Writes the child's newest VMA to the journal. */
static void note_copy(struct copying *copying)
{
	copying->noted = copying->vma->touched_start;
	space_lock(copying->child);
	note_areas(copying->child, copying->vma->start, copying->vma->end);
	space_unlock(copying->child);
}

/*
 * Of what is copied empty, the child gets the entries around the address where it goes on: those that its first fault would map.
 */
static void empty_copy(struct vma *copy, vaddr_t resumes_at)
{
	vaddr_t window = ALIGN_DOWN(resumes_at, FAULT_AROUND * PAGE_SIZE);
	vaddr_t start = MAX(copy->touched_start, window);
	vaddr_t end = MIN(copy->touched_end, window + FAULT_AROUND * PAGE_SIZE);

	if (!copy->object || vma_is_shared(copy) || start >= end) {
		start = VMA_UNTOUCHED;
		end = 0;
	}
	copy->touched_start = start;
	copy->touched_end = end;
}

/*
 * Adds the copy of a VMA to the child. Returns false if the child's memory cannot be committed.
 * The caller holds the parent's lock.
 */
static bool insert_copy(struct copying *copying, const struct vma *vma, struct vma *copy)
{
	const unsigned flags = flags_of_copy(vma->flags);
	struct space *child = copying->child;
	bool may;

	space_lock_child(child);
	may = flags & VMA_LEAVING || space_may_commit(child, flags, vma->end - vma->start);
	if (likely(may)) {
		vma_append_copy(child, vma, copy, copying->vma, flags);
		if (is_copied_empty(copy))
			empty_copy(copy, child->resumes_at);
		/*
		 * The child must have the writes of each thread up to some moment and no later
		 * ones, because C libraries rely on that.
		 */
		copying->parent->forking = true;
		copying->parent->forked_end = vma->end;
	}
	space_unlock(child);
	return may;
}

/* Copies the parent's next VMA: the mmap lock keeps it. Returns 0, -ENOENT if there is none, or -ENOMEM. */
static int copy_vma(struct copying *copying)
{
	struct vma *vma = copying->from ? vma_next(copying->from) : vma_first(copying->parent);
	struct vma *copy;
	bool copied;

	if (!vma)
		return -ENOENT;
	copy = vma_alloc_spare(false);
	if (!copy)
		return -ENOMEM;
	space_lock_to_fork(copying->parent);
	copied = insert_copy(copying, vma, copy);
	space_unlock(copying->parent);
	if (!copied) {
		vma_free(copy);
		return -ENOMEM;
	}
	copying->from = vma;
	copying->vma = copy;
	copying->leaving |= (copy->flags & VMA_LEAVING) != 0;
	return 0;
}

/*
 * All is copied: removes what the child does not get, says what is registered, and merges VMAs that differ in the parent only because some memory is locked.
 */
static void settle_copies(struct copying *copying)
{
	struct vma *vma = vma_first(copying->child), *next;
	struct list dead = LIST_INIT(dead);

	for (; vma; vma = next) {
		space_lock(copying->child);
		if (vma->flags & VMA_USERFAULT)
			userfault_settle_copy(copying->parent, vma);
		if (vma->flags & VMA_LEAVING) {
			next = vma_next(vma);
			vma_remove(vma, &dead);
		} else {
			next = vma_next(vma_merge(vma, &dead));
		}
		space_unlock(copying->child);
		vma_free_dead(&dead);
		(void)vm_pause();
	}
}

static void copy_figures(const struct space *parent, struct space *child)
{
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->brk_high = parent->brk_high;
	child->image_data_bytes = parent->image_data_bytes;
	child->mdwe = mdwe_inherited(parent);
	if (atomic_load_relaxed(&parent->lazyfree))
		space_has_lazyfree(child);
	child->thp_disabled = atomic_load_relaxed(&parent->thp_disabled);
	child->mmu.text_follows = atomic_load_relaxed(&parent->mmu.text_follows);
	child->ever_sealed = parent->ever_sealed;
	child->mmap_top = parent->mmap_top;
	child->mmap_up = parent->mmap_up;
	child->stack_top = parent->stack_top;
	child->limit_as = parent->limit_as;
	child->limit_data = parent->limit_data;
	child->limit_stack = parent->limit_stack;
	child->barriers = atomic_load_relaxed(&parent->barriers);
	child->nunmaps = parent->nunmaps;
#pragma GCC unroll 8
	for (unsigned i = 0; i < SPACE_UNMAPS; i++)
		child->unmaps[i] = parent->unmaps[i];
}

/*
 * Faults in the parent need not wait any more. The harts that may have old text in place of the
 * parent's may have it in place of the child's, whose entries are copies.
 */
static void fork_ends(struct space *parent, struct space *child)
{
	space_lock(parent);
	parent->forking = false;
	parent->forked_end = 0;
	child->mmu.text_owed |= atomic_load_relaxed(&parent->mmu.text_owed);
	child->mmu.stale |= child->mmu.text_owed;
	space_unlock_idle(parent);
}

int vm_fork(struct space *parent, struct space *child)
{
	struct copying copying = { .parent = parent, .child = child };
	int result;

	assert_hardened(mm_host.mmap_locked(parent) && mm_host.mmap_locked(child));
	if (unlikely(parent->ever_registered)) {
		result = userfault_begin_fork(parent, child);
		if (result)
			return result;
	}
	copy_figures(parent, child);
	child->copied = true;
	while (!(result = copy_vma(&copying))) {
		if (unlikely(child->recorded) && !(copying.vma->flags & VMA_LEAVING))
			note_copy(&copying);
		result = copy_entries(&copying);
		if (!result && vm_pause())
			result = -EINTR;
		if (result)
			break;
	}
	fork_ends(parent, child);
	tables_free(&copying.tables);
	if (unlikely(copying.spare))
		page_put(copying.spare);
	if (result != -ENOENT)
		return result;
	child->copied = false;
	if (unlikely(copying.leaving || parent->ever_locked || parent->ever_registered))
		settle_copies(&copying);
	return 0;
}
