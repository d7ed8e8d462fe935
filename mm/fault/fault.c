/* SPDX-License-Identifier: MIT */
/* The fault dispatcher: find the VMA, classify, get a page, install it. */
#include "mm/fault/fault.h"

#include "mm/check/fence_debt.h"
#include "mm/fault/cow.h"
#include "mm/fault/fault_classify.h"
#include "mm/fault/fault_page.h"
#include "mm/fault/fault_record.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/install.h"
#include "mm/fault/stack_grow.h"
#include "mm/phys/table_pages.h"
#include "mm/phys/zeroed.h"
#include "mm/swap/swap_cache.h"
#include "sync/interleave.h"

/*
 * A fault is resolved in rounds: find, classify, get, install. All of a round happens under one hold
 * of the space's lock, and for FILL and SWAPPED also of the lock of the page's object. Most faults
 * take one round. Allocating memory, copying a page and reading a file's page cannot be done under a
 * spinning lock. A step that needs one of these ends the round with VM_PREPARE. fault_prepare() then
 * does it with no lock held, and the next round looks at everything again. It uses what was prepared
 * if that still is what it needs. VM_BUS, VM_OOM and VM_WAIT come from preparing. Nothing here
 * sleeps.
 */

/* Rounds before the hardened build panics because of an endless loop. */
#define ROUNDS_MAX 10000

/* ---- find ---- */

/* The round differs from the last: counts why. */
static void count_difference(struct fault *fault)
{
	struct space_stats *stats = &fault->space->stats;

	stats->retry[fault->layout != fault->space->layout ? RETRY_VMA : RETRY_ENTRY]++;
}

/*
 * For a round that is not the first: does it differ from the last, in the VMAs or in the kind?
 * fault->kind is still that of the last round.
 */
static inline void count_retry(struct fault *fault, enum fault_kind now)
{
	if (unlikely(fault->layout != fault->space->layout || fault->kind != now))
		count_difference(fault);
}

/* Refuses the access, or waits. Returns the outcome. */
static enum vm_outcome fault_deny(struct fault *fault, enum fault_kind kind,
				  enum vm_outcome outcome)
{
	if (fault->prepared)
		count_retry(fault, kind);
	fault->kind = kind;
	if (vm_outcome_is_segv(outcome))
		fault->space->stats.kind[kind]++;
	return outcome;
}

/*
 * May the fault be resolved now? While fork copies the space, a thread that wants to write what was
 * copied already waits until all is copied. Otherwise it could go on and write what is copied later,
 * and the child would have its later write without the earlier one. In a recorded space there has to be
 * room in the journal.
 *
 * Not inline: bench row bss_read_fault, recorded.
 */
static __attribute__((noinline)) enum vm_outcome fault_may_begin(struct space *space,
								 struct fault *fault)
{
	enum vm_outcome outcome = space->recorded ? fault_record_begin(fault) : VM_OK;

	if (space->dying)
		return VM_DYING;
	if (space->forking && fault->va < space->forked_end)
		return space_await_verb(space, fault->wait);
	return outcome;
}

static enum vm_outcome fault_look_closer(struct space *space, struct fault *fault)
{
	if (likely(space->unusual == SPACE_ONLY_RECORDED))
		return fault_record_begin(fault);
	return fault_may_begin(space, fault);
}

/*
 * Copies what the fault needs to know of the VMA, and finds the slot of the entry. After this,
 * fault->vma is only told what was touched, and counts.
 */
static inline void fault_found(struct space *space, struct fault *fault, struct vma *vma)
{
	fault->vma = vma;
	vma_attr_copy(&fault->attr, vma);
	fault->wanted = fault_wanted(fault->access, fault->attr.prot, fault_is_shared(fault));
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
}

/*
 * Finds the VMA and the slot of the entry. `again`: if the layout is still the same, the last round
 * has found them. Inline: bench row bss_read_fault.
 */
static inline __attribute__((always_inline)) enum vm_outcome fault_find(struct space *space,
									struct fault *fault,
									bool again)
{
	enum vm_outcome early = unlikely(space->unusual) ? fault_look_closer(space, fault) : VM_OK;
	struct vma *vma;

	if (unlikely(early != VM_OK))
		return fault_deny(fault, FAULT_DENY_MAPERR, early);
	if (again && fault->layout == space->layout && fault->slot)
		return VM_OK;
	vma = vma_last_hit(space, fault->va);
	if (unlikely(!vma)) {
		vma = vma_find_next(space, fault->va);
		if (!vma || fault->va < vma->start) {
			enum vm_outcome outcome = fault_grow(fault, vma);

			if (outcome != VM_OK)
				return fault_deny(fault, FAULT_DENY_MAPERR, outcome);
			if (unlikely(space->recorded))
				fault_record_grown(fault, vma);
		}
	}
	fault_found(space, fault, vma);
	return VM_OK;
}

/* ---- classify ---- */

/* The facts about the access and the VMA, with an entry that is EMPTY. */
static inline struct fault_facts vma_facts(const struct fault *fault)
{
	return (struct fault_facts){
		.access = fault->wanted & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC),
		.vma_prot = fault->attr.prot,
		.vma_shared = fault_is_shared(fault),
		.entry_state = ENTRY_EMPTY,
	};
}

/*
 * Returns the kind of a fault at an entry that has a page in this state. `counts` was loaded before `cached`
 * (FACT_SWAP_*) was found out: an entry becomes SWAP before its map is dropped.
 * Inline: bench row bss_read_fault.
 */
static inline __attribute__((always_inline)) enum fault_kind
classify_page(const struct fault *fault, uint64_t state, uint64_t counts, unsigned cached)
{
	struct fault_facts facts = vma_facts(fault);

	facts.entry_state = entry_state(fault->entry);
	facts.entry_prot = entry_prot(fault->entry);
	facts.entry_flags = entry_flags(fault->entry);
	facts.page_kind = state_kind(state);
	facts.page_flags = cached | (state_pins(state) ? FACT_PINNED : 0);
	facts.maps = (uint32_t)(counts >> 32);
	facts.refs = (uint32_t)counts - (cached != 0); /* the swap cache's does not count */
	return fault_classify(&facts);
}

/* Returns the kind of a fault at an entry that has a page of the swap cache. Not inline: bench row cow_last_ref. */
static __attribute__((noinline)) enum fault_kind classify_cached(const struct fault *fault,
								 const struct page *page,
								 uint64_t state)
{
	uint64_t counts = __atomic_load_n(&page->counts, __ATOMIC_ACQUIRE);
	unsigned alone = swap_page_alone(page) ? FACT_SWAP_ALONE : 0;

	return classify_page(fault, state, counts, FACT_SWAP_CACHED | alone);
}

/* Returns the kind of a fault at an entry that is not EMPTY. */
static enum fault_kind classify_entry(const struct fault *fault)
{
	struct fault_facts facts = vma_facts(fault);
	const struct page *page;
	uint64_t state;

	if (!entry_has_page(fault->entry)) {
		facts.entry_state = ENTRY_SWAP;
		return fault_classify(&facts);
	}
	page = pfn_to_page(entry_pfn(fault->entry));
	state = page_state(page);
	if (unlikely(state & PAGE_SWAP_CACHED))
		return classify_cached(fault, page, state);
	return classify_page(fault, state, atomic_load_relaxed(&page->counts), 0);
}

/* Reads the entry, and sets the kind of the fault. */
static inline void fault_judge(struct fault *fault, bool again)
{
	/* Before the load of the entry, after which the compiler would load them again. */
	const struct fault_facts facts = vma_facts(fault);
	enum fault_kind kind;

	fault->entry = likely(fault->slot) ? entry_load(fault->slot) : ENTRY_NONE;
	if (entry_empty(fault->entry))
		kind = fault_classify(&facts);
	else
		kind = classify_entry(fault);
	if (again)
		count_retry(fault, kind);
	fault->kind = kind;
}

/* ---- get and install ---- */

/* Would a debugger's access be allowed after an mprotect? Writes to shared memory that is read-only are not. */
static bool may_force(const struct fault *fault)
{
	unsigned wanted = fault->wanted;

	if (!(fault->access & ACCESS_FORCE) || wanted & ~vma_attr_max_prot(&fault->attr))
		return false;
	return !(wanted & VM_PROT_WRITE) || !fault_is_shared(fault);
}

static enum vm_outcome force_access(struct fault *fault);

/* The VMA forbids the access. Returns an outcome. */
static enum vm_outcome deny_access(struct fault *fault)
{
	if (fault->attr.flags & VMA_MOVING)
		return fault_await_verb(fault);
	if (may_force(fault))
		return force_access(fault);
	fault_count(fault, FAULT_DENY_ACCERR);
	return VM_SEGV_ACCERR;
}

/*
 * Links the tables that the entry needs. This comes last, so that a fault that is refused leaves no
 * tables behind. Returns VM_OK or VM_PREPARE.
 */
static enum vm_outcome get_tables(struct fault *fault)
{
	struct space *space = fault->space;
	struct mmu_tables none = { 0 };
	struct mmu_tables *tables = fault->prepared ? &fault->prepared->tables : &none;
	unsigned before = tables->count;
	unsigned missing = arch_mmu_prepare(&space->mmu, fault->va, tables);

	if (tables->count != before) {
		space->tables += before - tables->count;
		vma_touch(fault->vma, fault->va);
	}
	if (missing) {
		fault->need.ntables = missing;
		fault->need.frame = fault_got_frame(fault) ? fault->page : NULL;
		return fault_need(fault, FAULT_NEEDS_TABLES);
	}
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	return VM_OK;
}

/* FILL. If the VMA has an object, the caller holds the object's lock. Inline: bench row bss_read_fault. */
static inline __attribute__((always_inline)) enum vm_outcome fault_fill(struct fault *fault)
{
	enum vm_outcome outcome = fault->attr.backend->get(fault);

	if (outcome == VM_OK && unlikely(!fault->slot))
		outcome = get_tables(fault);
	return outcome ?: install_fill(fault);
}

/* FILL of a VMA with an object. The lock keeps the page in the object until it is installed. */
static enum vm_outcome fill_from_object(struct fault *fault)
{
	struct object *object = fault->attr.object;
	enum vm_outcome outcome;

	spin_lock(&object->lock);
	outcome = fault_fill(fault);
	spin_unlock(&object->lock);
	return outcome;
}

/* SWAPPED: the same with the swap cache. */
static enum vm_outcome fill_from_swap(struct fault *fault)
{
	enum vm_outcome outcome;

	spin_lock(&swap_cache.lock);
	outcome = swapped_get(fault) ?: install_swapped(fault);
	spin_unlock(&swap_cache.lock);
	return outcome;
}

/* Can a fault of this kind be resolved without the space's lock? */
static inline bool is_kind_for_readers(enum fault_kind kind)
{
	return kind == FAULT_FILL || kind == FAULT_ACCESSED || kind == FAULT_SPURIOUS;
}

/*
 * The kinds of faults, and how each is resolved: get, then install (mm/fault/install.c). When each applies
 * is in mm/fault/fault_classify.h.
 *
 * (look-up)    no VMA contains the address: a stack grows (mm/fault/stack_grow.c), or DENY_MAPERR
 * DENY_ACCERR  VM_SEGV_ACCERR
 * ACCESSED     the entry gets the permissions of its VMA, except write
 * SPURIOUS     nothing but a fence
 * SWAPPED      the page comes from the swap cache, or from disk into that (mm/fault/fault_page.c)
 * FILL         the backend gets the page (backend_anon.c, backend_file.c, backend_elf.c)
 * REUSE        the entry becomes writable
 * COW          the entry gets a copy of its page (cow.c)
 * REMAP        the page is marked dirty, and the entry becomes writable
 *
 * A fault that is a reader of the space (mm/space/space_lock.h) is resolved here only if it is ACCESSED, SPURIOUS
 * or FILL. `reader` is NULL if the fault holds the space's lock.
 *
 * Inline: bench row bss_read_fault.
 */
static inline __attribute__((always_inline)) enum vm_outcome
fault_resolve(struct fault *fault, struct space_reader *reader)
{
	if (reader && !is_kind_for_readers(fault->kind))
		return VM_AGAIN;
	switch (fault->kind) {
	case FAULT_DENY_ACCERR:
		return deny_access(fault);
	case FAULT_ACCESSED:
		return reader ? install_accessed_beside(fault, reader) : install_accessed(fault);
	case FAULT_SPURIOUS:
		return reader ? install_nothing_beside(reader) : install_nothing(fault);
	case FAULT_SWAPPED:
		return fill_from_swap(fault);
	case FAULT_FILL:
		if (reader)
			return install_fill_beside(fault, reader);
		return fault->attr.object ? fill_from_object(fault) : fault_fill(fault);
	case FAULT_REUSE:
		return install_reuse(fault);
	case FAULT_COW:
		return cow_get(fault) ?: install_copy(fault);
	case FAULT_REMAP:
		return install_remap(fault);
	case FAULT_DENY_MAPERR:
	case FAULT_KINDS:
		break;
	}
	panic("fault: %s is not resolved", fault_kind_name(fault->kind));
}

/* The fault is judged as if the VMA allowed the access, and resolved with what it does allow. */
static enum vm_outcome force_access(struct fault *fault)
{
	unsigned prot = fault->attr.prot;

	fault->attr.prot |= fault->wanted;
	fault_judge(fault, false);
	fault->attr.prot = prot;
	return fault_resolve(fault, NULL);
}

/* ---- as a reader, without the lock ---- */

/* Finds the VMA: that of this hart's last fault, or another one. */
static inline struct vma *find_beside(struct fault *fault, struct space_reader *self)
{
	struct vma *vma = self->vma;

	if (unlikely(!vma) || unlikely(fault->va - vma->start >= vma->end - vma->start)) {
		vma = vma_find(fault->space, fault->va);
		if (vma)
			space_reader_turn(fault->space, self, vma);
	}
	return vma;
}

/* Faults on objects' pages take a lock all the same, and new text is told to all harts. */
static inline bool is_for_readers(const struct vma_attr *vma)
{
	return likely(!vma->object) && likely(!(vma->prot & VM_PROT_EXEC));
}

/*
 * A round of a fault that changes nothing but an entry which it adds, or gives permissions: of the
 * VMA, the tables and all other entries it only wants that they stay. Returns VM_OK; or with nothing changed
 * VM_PREPARE if the entry has no table yet, or VM_AGAIN.
 */
static inline enum vm_outcome round_beside(struct fault *fault, struct space_reader *self)
{
	struct space *space = fault->space;
	struct vma *vma;

	if (unlikely(space->unusual))
		return VM_AGAIN;
	vma = find_beside(fault, self);
	if (unlikely(!vma))
		return VM_AGAIN;
	fault_found(space, fault, vma);
	if (!is_for_readers(&fault->attr))
		return VM_AGAIN;
	if (unlikely(!fault->slot))
		return VM_PREPARE;
	fault_judge(fault, false);
	return fault_resolve(fault, self);
}

/*
 * Links tables while the space is open: readers find them or do not. The caller holds the lock, which keeps away all who
 * would close the space. Returns VM_OK; VM_PREPARE if so many tables do not do; or VM_AGAIN if this is not for readers
 * any more.
 */
static enum vm_outcome link_tables_open(struct fault *fault, struct mmu_tables *tables)
{
	struct space *space = fault->space;
	unsigned before = tables->count;
	struct vma *vma;

	assert_hardened(spin_lock_held(&space->lock));
	vma = vma_find(space, fault->va);
	if (!vma || space->unusual)
		return VM_AGAIN;
	fault_found(space, fault, vma);
	if (!is_for_readers(&fault->attr) || fault->wanted & ~fault->attr.prot)
		return VM_AGAIN; /* a fault that is refused leaves no tables */
	fault->need.ntables = arch_mmu_prepare(&space->mmu, fault->va, tables);
	if (tables->count != before) {
		space->tables += before - tables->count;
		vma_touch_beside(vma, fault->va);
	}
	return fault->need.ntables ? VM_PREPARE : VM_OK;
}

/*
 * A reader has found no table for the entry. Returns true if there is one now, or was for a moment.
 * Not inline: bench row zero_read_fault.
 */
static __attribute__((noinline)) bool fault_link_tables(struct fault *fault)
{
	struct space *space = fault->space;
	enum vm_outcome outcome = VM_PREPARE;
	struct mmu_tables tables = { 0 };

	fault->need.ntables = 1;
	while (outcome == VM_PREPARE && !tables_fill(&tables, fault->need.ntables)) {
		if (!space_lock_open(space))
			break;
		outcome = link_tables_open(fault, &tables);
		space_unlock(space);
	}
	tables_free(&tables);
	return outcome == VM_OK;
}

/* Resolves the fault beside those of other harts, if it is of a kind that can be. */
static enum vm_outcome fault_beside(struct fault *fault)
{
	struct space_reader *self = space_enter(fault->space);
	enum vm_outcome outcome;

	if (!self)
		return VM_AGAIN;
	outcome = round_beside(fault, self);
	space_leave(fault->space, self);
	return outcome;
}

/* ---- prepare, with no lock held ---- */

static enum vm_outcome prepare_tables(struct fault_prepared *prepared,
				      const struct fault_need *need)
{
	if (need->frame) {
		prepared->copy.page = need->frame;
		prepared->copy.pfn = page_to_pfn(need->frame);
	}
	return tables_fill(&prepared->tables, need->ntables) ? VM_OOM : VM_OK;
}

/* Reads the page that is needed. */
static enum vm_outcome prepare_page(struct fault *fault)
{
	enum vm_outcome outcome;

	fault->wait->major = false;
	outcome = fault_read_page(fault->prepared, &fault->need, fault->wait);
	counter_add(&fault->space->stats.major, fault->wait->major);
	return outcome;
}

/* Does what the last round could not do. Returns VM_AGAIN, VM_WAIT or VM_OOM. */
static enum vm_outcome fault_prepare(struct fault *fault)
{
	struct fault_prepared *prepared = fault->prepared;
	enum vm_outcome outcome;

	prepared->needed |= fault->need.what;
	if (likely(fault->need.what == FAULT_NEEDS_COPY))
		outcome = cow_prepare(&prepared->copy, &fault->need.source);
	else if (fault->need.what == FAULT_NEEDS_TABLES)
		outcome = prepare_tables(prepared, &fault->need);
	else
		outcome = prepare_page(fault);
	if (unlikely(outcome != VM_OK))
		return outcome;
	interleave(INTERLEAVE_DECIDED, LOCK_NONE, NULL);
	return VM_AGAIN;
}

/*
 * The page that an entry had before its copy. It may be sent to swap as long as it counts as
 * mapped, so the cache is asked after that.
 */
static inline void release_replaced(struct page *page)
{
	page_map_put(page);
	if (unlikely(swap_is_used()))
		swap_page_unmapped(page);
}

/* Releases what was prepared and not used. */
static void fault_release(struct fault_prepared *prepared)
{
	if (prepared->replaced)
		release_replaced(prepared->replaced);
	if (prepared->copy.source.page)
		page_put(prepared->copy.source.page);
	if (unlikely(prepared->copy.page))
		page_put(prepared->copy.page);
	if (prepared->object)
		fault_put_page(prepared);
	if (unlikely(prepared->tables.count))
		tables_free(&prepared->tables);
}

/* ---- the rounds ---- */

/*
 * Finds, classifies, gets and installs, and if `take`, takes the page. Returns an outcome. In three places: the rounds after
 * the first are a function of their own, and so is a fault in a space with readers. Inline: bench row bss_read_fault.
 */
static inline __attribute__((always_inline)) enum vm_outcome fault_round(struct fault *fault,
									 bool again, bool take)
{
	struct space *space = fault->space;
	enum vm_outcome outcome;

	space_lock(space);
	outcome = fault_find(space, fault, again);
	if (likely(outcome == VM_OK)) {
		fault_judge(fault, again);
		outcome = fault_resolve(fault, NULL);
	}
	if (unlikely(space->recorded))
		outcome = fault_record_round(fault, outcome);
	if (take && (outcome == VM_OK || outcome == VM_RECORDED))
		fault->taken =
			user_page_take(space, fault->va, entry_load(fault->slot), fault->access);
	if (unlikely(!vm_outcome_is_last(outcome)))
		fault->layout = space->layout;
	debt_assert_none(space);
	space_unlock(space);
	return outcome;
}

/*
 * The first round in a space with readers: beside other faults, or with the lock. In the second case, if a
 * reader could have resolved the fault, the next ones shall. While the space is unusual, no reader can.
 */
static enum vm_outcome fault_shared(struct fault *fault)
{
	struct space *space = fault->space;
	enum vm_outcome outcome;

	outcome = fault_beside(fault);
	if (likely(outcome == VM_OK))
		return VM_OK;
	if (outcome == VM_PREPARE && fault_link_tables(fault))
		return fault_shared(fault);
	outcome = fault_round(fault, false, false);
	if (outcome == VM_OK && is_for_readers(&fault->attr) && is_kind_for_readers(fault->kind) &&
	    !atomic_load_relaxed(&space->unusual) &&
	    atomic_load_relaxed(&space->at_lock) != SPACE_OPEN) {
		space_lock(space);
		space_open(space);
		space_unlock(space);
	}
	return outcome;
}

/* The rounds after the first; with ACCESS_TAKE all. */
static enum vm_outcome fault_more_rounds(struct fault *fault, enum vm_outcome outcome)
{
	struct fault_prepared prepared = { .copy.source = { .pfn = zero_pfn,
							    .nbytes = PAGE_SIZE } };

	const bool take = fault->access & ACCESS_TAKE;

	/* cppcheck-suppress autoVariables ; it is NULL again at the end */
	fault->prepared = &prepared;
	while (!vm_outcome_is_last(outcome)) {
		if (outcome == VM_PREPARE)
			outcome = fault_prepare(fault);
		if (unlikely(outcome != VM_AGAIN)) {
			if (fault->space->recorded)
				outcome = fault_record_aside(fault, outcome);
			break;
		}
		prepared.rounds++;
		assert_hardened(prepared.rounds < ROUNDS_MAX);
		outcome = fault_round(fault, !take || prepared.rounds > 1, take);
	}
	fault->prepared = NULL;
	fault_release(&prepared);
	return outcome;
}

enum vm_outcome vm_fault(struct space *space, vaddr_t address, unsigned access,
			 struct vm_wait *wait)
{
	struct fault fault;
	enum vm_outcome outcome;

	lockorder_assert_none_spinning();
	fault.space = space;
	fault.va = ALIGN_DOWN(address, PAGE_SIZE);
	fault.access = access;
	fault.wait = wait;
	fault.prepared = NULL;
	zeroed_topup();
	if (unlikely(space->readers))
		outcome = fault_shared(&fault);
	else
		outcome = fault_round(&fault, false, false);
	if (unlikely(!vm_outcome_is_last(outcome)))
		outcome = fault_more_rounds(&fault, outcome);
	fault.wait->kind = fault.kind;
	return outcome;
}

enum vm_outcome vm_fault_take(struct space *space, vaddr_t address, unsigned access,
			      struct vm_wait *wait, struct page **page_ret)
{
	struct fault fault = {
		.space = space,
		.va = ALIGN_DOWN(address, PAGE_SIZE),
		.access = access | ACCESS_INSIDE | ACCESS_TAKE,
		.wait = wait,
	};
	enum vm_outcome outcome;

	lockorder_assert_none_spinning();
	zeroed_topup();
	outcome = fault_more_rounds(&fault, VM_AGAIN);
	wait->kind = fault.kind;
	if (outcome == VM_RECORDED)
		outcome = VM_OK;
	if (outcome == VM_OK)
		*page_ret = fault.taken;
	return outcome;
}
