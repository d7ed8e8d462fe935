/* SPDX-License-Identifier: MIT */
/* The hand of the clock: passes all pages in turn, and frees those that have not been used. */
/*
 * A turn goes over the leaf tables of all spaces, and then over the pages of all objects.
 *
 * In a space, the hand looks at the A bit of each entry. If it is set, the page was used since the
 * last turn: the bit is cleared, and the page is marked as used. If it is not set, and the page is
 * cold, the entry goes: that of an object's page becomes EMPTY, and that of a private page SWAP.
 * The private page is in the swap cache from then on (mm/swap_cache.c). If no other entry maps it,
 * it is written at once, while its neighbours are cold too. A fault brings the entry back if it is
 * needed after all.
 *
 * In an object, of which the swap cache is one, the hand asks whether the page was marked as used
 * (mm/page_age.h). A page that was is hot. A cold page that only its object refers to is dropped if
 * it is clean. One that is dirty goes to the swap cache, is written there, and is dropped at the
 * end of the write. Without swap, dirty pages and private memory stay.
 *
 * A page that comes into use while many others pass through memory would be dropped between two
 * uses, again and again. So a mark with a stamp stays where a page was dropped. A page that is read
 * again, when no more pages have been dropped meanwhile than memory holds, is hot at once. Older
 * marks are removed.
 *
 * There is one hand for all, so that many threads that are short of memory at once share the work.
 * It moves in pieces, with no lock held between them. A space or an object that goes away moves the
 * hand on. Locked memory (VMA_LOCKED) is passed over.
 */
#include "mm/reclaim.h"

#include "abi/errno.h"
#include "base/block.h"
#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/object.h"
#include "mm/page_age.h"
#include "mm/page_cache.h"
#include "mm/swap_cache.h"
#include "mm/swap_io.h"
#include "mm/tlb_gather.h"
#include "mm/vm_wait.h"
#include "sync/atomic.h"
#include "sync/lockorder.h"

/* Entries, and VMAs, that are looked at in one hold of a space's lock. */
#define PIECE	   BLOCK_PAGES_MAX
#define PIECE_VMAS 32
#define PIECE_RUNS 16 /* of consecutive slots */
/* An entry whose page goes to swap counts as so many more, for it takes longer. */
#define OUT_COST   1u

/*
 * Full turns that must free too little before reclaim() gives up. The first ones make the pages
 * that have just come cold, and then those that were hot. The last one is hard.
 */
#define TURNS 4

/* The turns for memory that nobody waits for: pages that were hot stay. */
#define TURNS_AHEAD (TURNS - 2)

struct reclaim_counts reclaim_counts;

/* Where the hand is, if it is in the spaces. Guarded by spaces_lock. */
static struct space *hand_space; /* NULL: it is in the objects */
static vaddr_t hand_va;

/*
 * Hot pages cool down only in a turn that follows one with few others. As long as there are enough
 * of these, the hot ones stay. What was counted in this turn, and in the last.
 */
static bool cooling;
static uint64_t passed, not_hot, last_passed;

/* In a hard turn, heat does not count: any page goes that was not used in the last turn. */
static bool hard;
static unsigned hard_next;  /* the next turn is to be one */
static uint64_t hard_turns; /* that have ended */

#define STAMPS (1ul << 38)

uint64_t reclaim_stamp(void)
{
	return counter_read(&reclaim_counts.dropped) % STAMPS;
}

bool reclaim_is_recent(uint64_t stamp)
{
	return (reclaim_stamp() - stamp) % STAMPS <= atomic_load_relaxed(&last_passed);
}

/* ---- spaces ---- */

static struct space *first_from(struct list *link)
{
	return link == &spaces ? NULL : list_entry(link, struct space, link);
}

void reclaim_space_gone(const struct space *space)
{
	assert_hardened(spin_lock_held(&spaces_lock));
	if (hand_space != space)
		return;
	hand_space = first_from(space->link.next);
	hand_va = 0;
}

/* What the hand does in one hold of a space's lock. */
struct pass {
	struct gather gather;
	const struct vma *vma;
	unsigned left; /* entries that it may still look at */
	vaddr_t next;  /* where it stops */
	enum { BY_AGE, MAKE_COLD, SEND_OUT } how;
	/* The slots of private pages that no entry maps any more, perhaps. */
	struct slot_run {
		uint64_t first, last;
	} runs[PIECE_RUNS];
	unsigned nruns;
};

static void pass_init(struct pass *pass, unsigned how, struct space *space, vaddr_t from)
{
	gather_init(&pass->gather, space);
	pass->vma = NULL;
	pass->left = PIECE;
	pass->next = from;
	pass->how = how;
	pass->nruns = 0;
}

/* The page was used since the last turn. (If the entry changes meanwhile, it is used right now.) */
static void clear_accessed(struct pass *pass, vaddr_t va, struct mmu_entry *slot,
			   struct mmu_entry entry)
{
	struct mmu_entry old =
		entry_with(entry, entry_prot(entry), entry_flags(entry) & ~ENTRY_ACCESSED);

	if (!entry_cas(slot, entry, old))
		return;
	debt_owe(pass->gather.space, va, entry, old);
	mmu_flush_add(&pass->gather.flush, va); /* a TLB that has A set does not set it again */
}

/* Ages a page that the hand passes. */
static void age_page(struct page *page)
{
	counter_add(&passed, 1);
	page_pass(page, cooling || atomic_load_relaxed(&hard));
	counter_add(&not_hot, !page_heat(page));
}

/*
 * May the page go to swap? Pinned pages stay, and so does a page that somebody has got a reference
 * to. The caller holds the space's lock.
 */
static bool may_swap_out(const struct page *page)
{
	uint64_t state = page_state(page);
	uint32_t cached = (state & PAGE_SWAP_CACHED) != 0;

	return !state_pins(state) && page->refs == page->maps + cached;
}

/* Removes the entry of a cold page of an object. */
static void zap_entry(struct pass *pass, vaddr_t va, struct mmu_entry *slot)
{
	counter_add(&reclaim_counts.unmapped, 1);
	gather_zap_entry(&pass->gather, va, slot);
}

static void add_slot(struct pass *pass, uint64_t slot)
{
	struct slot_run *run = &pass->runs[pass->nruns];

	if (pass->nruns && run[-1].last + 1 == slot) {
		run[-1].last = slot;
	} else {
		*run = (struct slot_run){ slot, slot };
		pass->nruns++;
	}
}

/* Turns the entry of a cold private page to SWAP. */
static void swap_out_entry(struct pass *pass, vaddr_t va, struct mmu_entry *slot, struct page *page)
{
	bool dirty = entry_flags(entry_load(slot)) & ENTRY_DIRTY;
	uint64_t to;

	if (!may_swap_out(page) || !swap_out_page(page, dirty, &to))
		return;
	counter_add(&reclaim_counts.unmapped, 1);
	gather_swap_entry(&pass->gather, va, slot, entry_make_swap(to));
	add_slot(pass, to);
	pass->left -= MIN(pass->left, OUT_COST);
}

/* Removes the entry of a page, or turns it to SWAP. */
static void unmap_page(struct pass *pass, vaddr_t va, struct mmu_entry *slot, struct page *page)
{
	if (page_kind(page) == PAGE_ANON)
		swap_out_entry(pass, va, slot, page);
	else
		zap_entry(pass, va, slot);
}

/* For madvise. As on Linux, what other processes map too stays as it is. */
static void make_cold(struct pass *pass, vaddr_t va, struct mmu_entry *slot, struct mmu_entry entry,
		      struct page *page)
{
	if (page->maps != 1)
		return;
	page_set_cold(page);
	if (pass->how == SEND_OUT)
		unmap_page(pass, va, slot, page);
	else if (entry_flags(entry) & ENTRY_ACCESSED)
		clear_accessed(pass, va, slot, entry);
}

static void pass_page(struct pass *pass, vaddr_t va, struct mmu_entry *slot, struct mmu_entry entry,
		      struct page *page)
{
	bool private = page_kind(page) == PAGE_ANON;

	counter_add(&reclaim_counts.scanned, 1);
	if (entry_flags(entry) & ENTRY_ACCESSED) {
		counter_add(&reclaim_counts.aged, 1);
		page_set_used(page);
		clear_accessed(pass, va, slot, entry);
		if (private && swap_is_full())
			swap_forget(page);
	} else if (page_is_cold(page, atomic_load_relaxed(&hard))) {
		unmap_page(pass, va, slot, page);
	}
	if (private) /* others are aged where their object is passed */
		age_page(page);
}

/* Can pages of the object be reclaimed? */
static bool is_reclaimable(const struct object *object)
{
	if (!object || object->ops->unevictable)
		return false;
	return object->ops->read_page || swap_is_on();
}

static bool is_swappable(const struct page *page)
{
	return page_kind(page) == PAGE_ANON && swap_is_on();
}

static void pass_entry(struct pass *pass, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry entry = entry_load(slot);
	struct page *page = entry_has_page(entry) ? pfn_to_page(entry_pfn(entry)) : NULL;

	if (!page)
		return;
	if (!(page_kind(page) == PAGE_OBJECT ? is_reclaimable(pass->vma->object)
					     : is_swappable(page)))
		return;
	if (pass->how == BY_AGE)
		pass_page(pass, va, slot, entry, page);
	else
		make_cold(pass, va, slot, entry, page);
}

static int pass_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct pass *pass = arg;

	for (slot = entry_next_used(leaf->entries, end); slot < end;
	     slot = entry_next_used(slot + 1, end)) {
		pass->next = mmu_leaf_va(leaf, slot);
		if (!pass->left || pass->nruns == PIECE_RUNS || gather_full(&pass->gather))
			return 1;
		pass->left--;
		pass_entry(pass, pass->next, slot);
	}
	pass->next = mmu_leaf_va(leaf, end);
	return ++pass->gather.leaves == GATHER_LEAVES;
}

/* Is there nothing in the VMA that can be reclaimed? */
static bool is_passed_over(const struct vma *vma)
{
	if (vma->flags & VMA_LOCKED)
		return true;
	return !is_reclaimable(vma->object) && !swap_is_on();
}

/* Passes a piece of the space from pass->next on. Returns false at the space's end. */
static bool pass_piece(struct pass *pass, struct space *space)
{
	struct vma *vma;

	assert_hardened(spin_lock_held(&space->lock));
	for (unsigned i = 0; i < PIECE_VMAS; i++) {
		vaddr_t from, to;

		vma = vma_find_next(space, pass->next);
		if (!vma || space->dying)
			return false;
		from = MAX(pass->next, vma->touched_start);
		to = vma->touched_end;
		pass->next = vma->end;
		if (from >= to || is_passed_over(vma))
			continue;
		pass->vma = vma;
		if (arch_mmu_visit(&space->mmu, from, to, pass_leaf, pass))
			return true;
		pass->next = vma->end;
	}
	return true;
}

static bool choose(struct object *object, struct page *page);

/* Waits until another write can be begun. Returns false if the running thread has been killed. */
static bool wait_for_room(void)
{
	for (;;) {
		struct vm_wait wait = { .queue = &swap_written,
					.seq = waitq_sample(&swap_written) };

		if (swap_may_write())
			return true;
		swap_submit(true);
		if (mm_host.pause(swap_writing() ? &wait : NULL))
			return false;
	}
}

/*
 * Drops the cold pages of an object from first to last, or has them written. What can't be written
 * now stays, unless the thread `waits`.
 */
static void send(struct object *object, uint64_t first, uint64_t last, bool waits)
{
	bool more = true;
	size_t dropped;

	while (more && (!waits || wait_for_room())) {
		if (waits)
			swap_out_prepare();
		more = object_reclaim_range(object, &first, last, choose,
					    !atomic_load_relaxed(&hard), &dropped);
		counter_add(&reclaim_counts.dropped, dropped);
		swap_submit(false);
		if (more && vm_pause())
			break;
	}
}

/* The same for the private pages that a pass has unmapped. */
static void send_unmapped(const struct pass *pass, bool waits)
{
	for (const struct slot_run *run = pass->runs; run < pass->runs + pass->nruns; run++)
		send(&swap_cache, run->first, run->last, waits);
}

/* Moves the hand on in the spaces. Returns false if it is in the objects, or has come there. */
static bool pass_spaces(void)
{
	unsigned filling = swap_filling();
	struct space *space;
	struct pass pass;

	spin_lock(&spaces_lock);
	space = hand_space;
	if (!space) {
		spin_unlock(&spaces_lock);
		return false;
	}
	pass_init(&pass, BY_AGE, space, hand_va);
	spin_lock(&space->lock);
	if (pass_piece(&pass, space)) {
		hand_va = pass.next;
	} else {
		hand_space = first_from(space->link.next);
		hand_va = 0;
	}
	gather_fence(&pass.gather);
	debt_assert_none(space);
	spin_unlock(&space->lock);
	spin_unlock(&spaces_lock);
	gather_free(&pass.gather);
	send_unmapped(&pass, false);
	swap_submit(swap_filling() <= filling);
	return true;
}

/* All objects have been passed in this turn, unless another thread has started the next one. */
static void start_turn(uint64_t turn)
{
	spin_lock(&spaces_lock);
	if (!hand_space && counter_read(&reclaim_counts.turns) == turn) {
		hand_space = first_from(spaces.next);
		hand_va = 0;
		object_hand_start();
		cooling = not_hot * 8 < passed;
		last_passed = passed;
		passed = not_hot = 0;
		counter_add(&hard_turns, hard);
		hard = atomic_exchange(&hard_next, 0u);
		counter_add(&reclaim_counts.turns, 1);
	}
	spin_unlock(&spaces_lock);
}

/* ---- objects ---- */

/*
 * Passes a page. Is it cold, clean, and referenced by the index only? If it is dirty, it is to be
 * written. The caller holds object->lock.
 */
static bool choose(struct object *object, struct page *page)
{
	bool cold = page_is_cold(page, atomic_load_relaxed(&hard));
	bool free = page->counts == PAGE_ONE_REF && !page_has(page, PAGE_PREALLOCATED);

	/* Pages in the swap cache are aged where they are mapped. */
	if (object != &swap_cache || free)
		age_page(page);
	if (!cold || !free)
		return false;
	if (object == &swap_cache && swap_page_kept(page)) /* its last entry is going right now */
		return false;
	if (!page_has(page, PAGE_DIRTY))
		return true;
	if (object->ops->write_page)
		object->ops->write_page(object, page);
	else if (swap_is_on())
		(void)object_swap_out(object, page);
	return false;
}

/*
 * Moves the hand on in the objects. As long as that adds pages to a request to the disk, the
 * request is not submitted before it is full.
 */
static void pass_objects(void)
{
	uint64_t turn = counter_read(&reclaim_counts.turns);
	struct object *object = object_hand_get();
	unsigned filling;
	size_t dropped;
	bool more;

	if (!object) {
		swap_submit(true);
		start_turn(turn);
		return;
	}
	if (!is_reclaimable(object)) {
		object_hand_put(object, false);
		return;
	}
	filling = swap_filling();
	more = object_reclaim_some(object, choose, !atomic_load_relaxed(&hard), &dropped);
	swap_submit(swap_filling() <= filling);
	counter_add(&reclaim_counts.dropped, dropped);
	object_hand_put(object, more);
}

/* ---- the hand ---- */

/* What one call of reclaim() is to do. */
struct request {
	size_t want;
	unsigned turns_max;
	uint64_t turns, dropped; /* of reclaim_counts, at its begin */
	uint64_t hard_turns;	 /* at its begin */
};

static uint64_t freed(const struct request *request)
{
	return counter_read(&reclaim_counts.dropped) - request->dropped;
}

static uint64_t turns(const struct request *request)
{
	return counter_read(&reclaim_counts.turns) - request->turns;
}

/* Is a hard turn still to be made? Other threads' turns count, but one of them must be hard. */
static bool lacks_hard_turn(const struct request *request)
{
	return request->turns_max == TURNS && counter_read(&hard_turns) == request->hard_turns;
}

/* Have enough turns been made to give up? */
static bool had_turns(const struct request *request)
{
	return turns(request) > request->turns_max && !lacks_hard_turn(request);
}

/* Moves the hand by a piece. */
static void pass_piece_of(const struct request *request)
{
	if (turns(request) >= TURNS - 1 && lacks_hard_turn(request) && !atomic_load_relaxed(&hard))
		atomic_store(&hard_next, 1u);
	swap_out_prepare();
	if (!pass_spaces())
		pass_objects();
}

/*
 * Pages that are being written will be free soon. Are those whose requests have been submitted
 * enough, or is there nothing else to do but to wait for them?
 */
static bool must_wait(const struct request *request)
{
	unsigned writing = swap_writing();

	return writing && !swap_filling() &&
	       (freed(request) + writing >= request->want || !swap_may_write() ||
		had_turns(request));
}

/* Is a request that is not full yet to be submitted, because more pages are not needed? */
static bool is_enough(const struct request *request)
{
	return had_turns(request) ||
	       freed(request) + swap_writing() >= request->want + swap_filling();
}

/* Moves the hand until enough has been freed. Returns 0, or -EINTR. */
static int move_hand(const struct request *request)
{
	lockorder_assert_none_spinning();
	while (freed(request) < request->want) {
		struct vm_wait wait = { .queue = &swap_written,
					.seq = waitq_sample(&swap_written) };
		bool waits;

		if (is_enough(request))
			swap_submit(true);
		waits = must_wait(request);
		if (!waits && had_turns(request) && !swap_writing())
			break;
		if (mm_host.pause(waits ? &wait : NULL))
			return -EINTR;
		if (!waits)
			pass_piece_of(request);
	}
	return 0;
}

/* Returns what reclaim() does. */
static ssize_t reclaim_some(size_t want, unsigned turns_max)
{
	const struct request request = { .want = want,
					 .turns_max = turns_max,
					 .turns = counter_read(&reclaim_counts.turns),
					 .dropped = counter_read(&reclaim_counts.dropped),
					 .hard_turns = counter_read(&hard_turns) };
	int error = move_hand(&request);

	swap_submit(true);
	return error ?: (ssize_t)freed(&request);
}

ssize_t reclaim(size_t want)
{
	counter_add(&reclaim_counts.direct, 1);
	return reclaim_some(want, TURNS);
}

size_t reclaim_ahead(size_t want)
{
	return (size_t)reclaim_some(want, TURNS_AHEAD);
}

/* ---- madvise ---- */

/* Passes a piece of a range from pass->next on. */
static void advise_piece(struct pass *pass, vaddr_t end)
{
	struct space *space = pass->vma->space;
	vaddr_t from = MAX(pass->next, pass->vma->touched_start);
	vaddr_t to = MIN(end, pass->vma->touched_end);

	spin_lock(&space->lock);
	if (from >= to || !arch_mmu_visit(&space->mmu, from, to, pass_leaf, pass))
		pass->next = end;
	gather_fence(&pass->gather);
	debt_assert_none(space);
	spin_unlock(&space->lock);
	gather_free(&pass->gather);
}

void reclaim_range(const struct vma *vma, vaddr_t start, vaddr_t end, bool out)
{
	struct pass pass;

	pass.next = start;
	do {
		swap_out_prepare();
		pass_init(&pass, out ? SEND_OUT : MAKE_COLD, vma->space, pass.next);
		pass.vma = vma;
		advise_piece(&pass, end);
		send_unmapped(&pass, true);
	} while (!vm_pause() && pass.next < end);
	if (out && is_reclaimable(vma->object))
		send(vma->object, vma_index(vma, start), vma_index(vma, end) - 1, true);
	swap_submit(true);
}
