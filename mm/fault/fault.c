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
#include "mm/fault/large_fault.h"
#include "mm/fault/run.h"
#include "mm/fault/stack_grow.h"
#include "mm/fault/userfault.h"
#include "mm/phys/large_page.h"
#include "mm/phys/table_pages.h"
#include "mm/phys/zeroed.h"
#include "mm/space/large_entry.h"
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
 *
 * Where threads share the space, a round that only adds an entry, or gives one more permissions, asks nobody for the
 * lock: it is a reader (mm/space/space_lock.h). It takes the same steps. Of the VMA, the tables and all other entries it
 * only wants that they stay. If it finds that it cannot be a reader, it has changed nothing and returns VM_AGAIN, and
 * all later rounds take the lock.
 */

/* Rounds before the hardened build panics because of an endless loop. */
#define ROUNDS_MAX 10000

/* ---- find ---- */

/* The round differs from the last: counts why. */
static void count_difference(struct fault *fault)
{
	uint64_t *retry = fault->space->stats.retry;

	counter_add(&retry[fault->layout != fault->space->layout ? RETRY_VMA : RETRY_ENTRY], 1);
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
	if (fault->prepared && fault->prepared->rounds)
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

/* Faults on objects' pages take a lock all the same, and new text is told to all harts. */
static inline bool is_for_readers(const struct vma_attr *vma)
{
	return likely(!vma->object) && likely(!(vma->prot & VM_PROT_EXEC));
}

/* Finds the VMA of a reader, whose counts are for one VMA: that of the last fault of its hart, or another one. */
static inline enum vm_outcome reader_find(struct space *space, struct fault *fault)
{
	struct vma *vma = fault->reader->vma;

	if (unlikely(!vma) || unlikely(fault->va - vma->start >= vma->end - vma->start)) {
		vma = vma_find(space, fault->va);
		if (unlikely(!vma))
			return VM_AGAIN;
		space_reader_turn(space, fault->reader, vma);
	}
	fault_found(space, fault, vma);
	return is_for_readers(&fault->attr) ? VM_OK : VM_AGAIN;
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
 */
static inline enum fault_kind classify_page(const struct fault *fault, uint64_t state,
					    uint64_t counts, unsigned cached)
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

/* Returns the kind of a fault at an entry that has no page and is not EMPTY. */
static enum fault_kind classify_other(struct fault *fault)
{
	struct fault_facts facts = vma_facts(fault);

	if (entry_is_blank(fault->entry))
		fault->attr.backend = &vma_userfault; /* whatever is registered now */
	else
		facts.entry_state = ENTRY_SWAP;
	return fault_classify(&facts);
}

/* Returns the kind of a fault at an entry that is not EMPTY. */
static enum fault_kind classify_entry(struct fault *fault)
{
	const struct page *page;
	uint64_t state;

	if (!entry_has_page(fault->entry))
		return classify_other(fault);
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

/* Would a debugger's access be allowed after an mprotect? Writes to shared memory that is read-only are not. */
static bool may_force(const struct fault *fault)
{
	unsigned wanted = fault->wanted;

	if (fault->attr.flags & VMA_MOVING || wanted & ~vma_attr_max_prot(&fault->attr))
		return false;
	return !(wanted & VM_PROT_WRITE) || !fault_is_shared(fault) ||
	       fault->access & ACCESS_GIVE; /* the backend does not let it through */
}

/* May the page be given that a program resolves a fault with? */
static bool may_give(struct fault *fault)
{
	if (!(fault->attr.flags & VMA_USERFAULT))
		fault->kind = FAULT_DENY_MAPERR;
	if (!fault->slot && arch_mmu_lookup_large(&fault->space->mmu, fault->va))
		return false;
	fault->attr.backend = &vma_userfault;
	return fault->kind == FAULT_FILL;
}

static void protect_mapped(struct fault *fault)
{
	struct space *space = fault->space;
	struct mmu_entry old, new;

	do {
		old = entry_load(fault->slot);
		new = entry_set_wp(old, true);
	} while (!entry_cas(fault->slot, old, new));
	debt_owe(space, fault->va, old, new); /* none: it was not writable */
	note_entry(space, fault->va, old, new);
}

/*
 * The round has resolved the fault: what it has mapped is write-protected before any hart could write to it, and the page is taken for
 * the caller.
 */
static void after_last_round(struct fault *fault)
{
	struct space *space = fault->space;

	if (fault->access & ACCESS_WP)
		protect_mapped(fault);
	if (fault->access & ACCESS_TAKE)
		fault->taken =
			user_page_take(space, fault->va, entry_at(space, fault->va), fault->access);
}

/* ---- get and install ---- */

/* The VMA forbids the access. Returns an outcome. */
static enum vm_outcome deny_access(struct fault *fault)
{
	if (fault->attr.flags & VMA_MOVING)
		return fault_await_verb(fault);
	fault_count(fault, FAULT_DENY_ACCERR);
	return VM_SEGV_ACCERR;
}

/* Does the round hold the lock to link tables? Of an open space too. */
static inline bool links_tables(const struct fault_prepared *prepared)
{
	return prepared && prepared->needed & FAULT_NEEDS_TABLES;
}

/*
 * The entry has no table. Returns VM_PREPARE unless all that are missing have been prepared. A reader without the lock may
 * not look how many that are.
 */
static enum vm_outcome need_tables(struct fault *fault)
{
	struct mmu_tables none = { 0 };
	unsigned missing = 1;

	if (!fault->reader || links_tables(fault->prepared))
		missing = arch_mmu_prepare(&fault->space->mmu, fault->va, &none);
	if (fault->prepared && fault->prepared->tables.count >= missing)
		return VM_OK;
	fault->need.ntables = missing;
	return fault_need(fault, FAULT_NEEDS_TABLES);
}

/* Links what need_tables() has found prepared. Readers of other harts find the tables or do not. */
static void link_tables(struct fault *fault)
{
	struct space *space = fault->space;
	struct mmu_tables *tables = &fault->prepared->tables;
	unsigned before = tables->count;

	assert_hardened(spin_lock_held(&space->lock));
	if (fault->reader)
		vma_touch_beside(fault->vma, fault->va);
	else
		vma_touch(fault->vma, fault->va);
	(void)arch_mmu_prepare(&space->mmu, fault->va, tables);
	space->tables += before - tables->count;
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
}

/* Tables are linked last, so that a fault that is refused leaves none. */
static enum vm_outcome fill_without_table(struct fault *fault)
{
	enum vm_outcome outcome;

	if (!fault->attr.object && large_may_resolve(fault) && large_resolve(fault, &outcome))
		return outcome;
	outcome = need_tables(fault) ?: fault->attr.backend->get(fault);
	if (outcome != VM_OK)
		return outcome;
	link_tables(fault);
	return install_fill(fault);
}

/* FILL. If the VMA has an object, the caller holds the object's lock. */
static inline enum vm_outcome fault_fill(struct fault *fault)
{
	if (unlikely(!fault->slot))
		return fill_without_table(fault);
	return fault->attr.backend->get(fault) ?: install_fill(fault);
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

/*
 * The kinds of faults, and how each is resolved: get, then install (mm/fault/install.c). When each applies
 * is in mm/fault/fault_classify.h.
 *
 * (look-up)    no VMA contains the address: a stack grows (mm/fault/stack_grow.c), or DENY_MAPERR
 * DENY_ACCERR  VM_SEGV_ACCERR
 * USER_WP      the program allows the write (userfault.c)
 * ACCESSED     the entry gets the permissions of its VMA, except write
 * SPURIOUS     nothing but a fence
 * SWAPPED      the page comes from the swap cache, or from disk into that (mm/fault/fault_page.c)
 * FILL         the backend gets the page (backend_anon.c, backend_file.c, backend_elf.c)
 * REUSE        the entry becomes writable
 * COW          the entry gets a copy of its page (cow.c)
 * REMAP        the page is marked dirty, and the entry becomes writable
 *
 * Inline: bench row bss_read_fault.
 */
static inline __attribute__((always_inline)) enum vm_outcome fault_resolve(struct fault *fault)
{
	switch (fault->kind) {
	case FAULT_DENY_ACCERR:
		return deny_access(fault);
	case FAULT_ACCESSED:
		return install_accessed(fault);
	case FAULT_SPURIOUS:
		return install_nothing(fault);
	case FAULT_SWAPPED:
		return fill_from_swap(fault);
	case FAULT_FILL:
		return fault->attr.object ? fill_from_object(fault) : fault_fill(fault);
	case FAULT_REUSE:
		return install_reuse(fault);
	case FAULT_COW:
		return cow_get(fault) ?: install_copy(fault);
	case FAULT_REMAP:
		return install_remap(fault);
	case FAULT_USER_WP:
		return userfault_protected(fault);
	case FAULT_DENY_MAPERR:
	case FAULT_KINDS:
		break;
	}
	panic("fault: %s is not resolved", fault_kind_name(fault->kind));
}

/* ---- prepare, with no lock held ---- */

/* The next round does without a block if there is none. Only a fault that is alone may map it. */
static enum vm_outcome prepare_block(struct fault_prepared *prepared)
{
	prepared->block = large_alloc();
	prepared->alone = true;
	return VM_OK;
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
		outcome = tables_fill(&prepared->tables, fault->need.ntables) ? VM_OOM : VM_OK;
	else if (fault->need.what == FAULT_NEEDS_BLOCK)
		outcome = prepare_block(prepared);
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
	if (unlikely(prepared->block))
		large_map_put(prepared->block);
	if (unlikely(prepared->tables.count))
		tables_free(&prepared->tables);
}

/* ---- the rounds ---- */

/* Can a fault of this kind be resolved by a reader? */
static inline bool is_kind_for_readers(enum fault_kind kind)
{
	return kind == FAULT_FILL || kind == FAULT_ACCESSED || kind == FAULT_SPURIOUS;
}

/*
 * Begins a round: the one place where a fault asks for the lock. A reader asks nobody. A round that links tables takes the
 * lock of an open space, and leaves it open. All others close it. Returns the reader, or NULL if the fault is alone.
 */
static inline struct space_reader *round_begin(struct space *space,
					       const struct fault_prepared *prepared, bool shared)
{
	struct space_reader *reader = NULL;

	if (shared && !(prepared && prepared->alone))
		reader = links_tables(prepared) ? space_lock_open(space) : space_enter(space);
	if (!reader)
		space_lock(space);
	return reader;
}

/* Could a reader have resolved the fault, which took one round? Then the next ones shall. */
static inline bool could_be_reader(const struct fault *fault)
{
	return !fault->space->unusual && is_for_readers(&fault->attr) &&
	       is_kind_for_readers(fault->kind);
}

/*
 * Finds, classifies, gets and installs, and with ACCESS_TAKE takes the page. Returns an outcome. `prepared` is
 * fault->prepared, `shared` says whether the space has readers. The compiler knows of both in the first round, and makes
 * three functions of this one. Inline: bench row bss_read_fault.
 */
static inline __attribute__((always_inline)) enum vm_outcome
fault_round(struct fault *fault, const struct fault_prepared *prepared, bool shared)
{
	struct space *space = fault->space;
	struct space_reader *reader = round_begin(space, prepared, shared);
	const bool again = prepared && prepared->rounds;
	enum vm_outcome outcome;

	fault->reader = reader;
	outcome = reader ? reader_find(space, fault) : fault_find(space, fault, again);
	if (likely(outcome == VM_OK)) {
		const bool forced = prepared && unlikely(fault->access & ACCESS_FORCE);

		/* It is judged as if the VMA allowed it, and resolved with what that does allow. */
		if (forced && may_force(fault))
			fault->attr.prot |= fault->wanted;
		fault_judge(fault, again);
		if (forced)
			fault->attr.prot = fault->vma->prot;
		if (reader && unlikely(!is_kind_for_readers(fault->kind)))
			outcome = VM_AGAIN;
		else if (prepared && unlikely(fault->access & ACCESS_GIVE) && !may_give(fault))
			outcome = VM_SEGV_MAPERR;
		else
			outcome = fault_resolve(fault);
	}
	if (!reader && unlikely(space->recorded))
		outcome = mm_record.round(fault, outcome);
	if (prepared && fault->access & (ACCESS_TAKE | ACCESS_WP) &&
	    (outcome == VM_OK || outcome == VM_RECORDED))
		after_last_round(fault);
	if (unlikely(!vm_outcome_is_last(outcome)))
		fault->layout = space->layout;
	if (reader && !links_tables(prepared)) {
		space_leave(space, reader);
		return outcome;
	}
	debt_assert_none(space);
	if (shared && !prepared && !reader && outcome == VM_OK && could_be_reader(fault))
		space_open(space);
	space_unlock(space);
	return outcome;
}

/* The rounds after the first; with ACCESS_TAKE all. `rounds`: how many came before. */
static enum vm_outcome fault_more_rounds(struct fault *fault, enum vm_outcome outcome,
					 unsigned rounds)
{
	struct fault_prepared prepared;

	/* The rest is set together with what these say is there. */
	prepared.rounds = rounds;
	prepared.needed = 0;
	prepared.alone = false;
	prepared.tables = (struct mmu_tables){ 0 };
	prepared.object = NULL;
	prepared.refused = 0;
	prepared.block = NULL;
	prepared.copy.page = NULL;
	prepared.copy.source.page = NULL;
	prepared.replaced = NULL;
	/* cppcheck-suppress autoVariables ; it is NULL again at the end */
	fault->prepared = &prepared;
	for (; !vm_outcome_is_last(outcome); prepared.rounds++) {
		if (outcome == VM_RUN) {
			run_fill(fault);
			outcome = fault->space->recorded ? VM_RECORDED : VM_OK;
			break;
		}
		if (outcome == VM_PREPARE) {
			outcome = fault_prepare(fault);
		} else {
			prepared.alone = true;
			if (fault->reader) /* it has seen nothing that the next round could compare */
				prepared.rounds = 0;
		}
		if (unlikely(outcome != VM_AGAIN)) {
			if (outcome == VM_OOM)
				fault->wait->why = WAITS_FOR_MEMORY;
			break;
		}
		assert_hardened(prepared.rounds < ROUNDS_MAX);
		outcome = fault_round(fault, &prepared, fault->space->readers);
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
		outcome = fault_round(&fault, NULL, true);
	else
		outcome = fault_round(&fault, NULL, false);
	if (unlikely(!vm_outcome_is_last(outcome)))
		outcome = fault_more_rounds(&fault, outcome, 1);
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
	outcome = fault_more_rounds(&fault, VM_AGAIN, 0);
	wait->kind = fault.kind;
	if (outcome == VM_RECORDED)
		outcome = VM_OK;
	if (outcome == VM_OK)
		*page_ret = fault.taken;
	return outcome;
}

/* An access that is forced, so that it does not matter what the VMA allows. A private page is given by a write. */
enum vm_outcome vm_fault_give(struct space *space, vaddr_t va, struct page **page, bool wp,
			      struct vm_wait *wait)
{
	struct fault fault = {
		.space = space,
		.va = va,
		.access =
			(*page && page_kind(*page) == PAGE_OBJECT ? VM_PROT_READ : VM_PROT_WRITE) |
			ACCESS_GIVE | ACCESS_FORCE | ACCESS_INSIDE | ACCESS_NO_GROW |
			(wp ? ACCESS_WP : 0),
		.wait = wait,
		.given = *page,
	};
	enum vm_outcome outcome;

	lockorder_assert_none_spinning();
	outcome = fault_more_rounds(&fault, VM_AGAIN, 0);
	wait->kind = fault.kind;
	*page = fault.given;
	return outcome == VM_RECORDED ? VM_OK : outcome;
}
