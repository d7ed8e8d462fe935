/* SPDX-License-Identifier: MIT */
/* The fault dispatcher: find the VMA, classify, get a page, install it. */
#include "mm/fault.h"

#include "abi/errno.h"
#include "mm/cow.h"
#include "mm/install.h"
#include "mm/page_cache.h"
#include "mm/phys/table_pages.h"
#include "mm/phys/zeroed.h"
#include "mm/stack_grow.h"
#include "mm/swap_cache.h"
#include "sync/interleave.h"

/*
 * The kinds of faults, and how each is resolved. mm/fault_classify.h says when each applies.
 *
 * (look-up)            no VMA contains the address: a stack grows (mm/stack_grow.c), or DENY_MAPERR
 * DENY_ACCERR          VM_SEGV_ACCERR
 * ACCESSED, SPURIOUS,  the entry has its page already: vma_install() adds permissions
 * REUSE, REMAP
 * SWAPPED              the page comes from the swap cache, or from disk into that (swap_cache.c)
 * FILL                 the backend gets the page (backend_anon.c, backend_file.c, backend_elf.c)
 * COW                  the entry gets a copy of its page (cow.c)
 *
 * A round is: find, classify, get, install. All of it happens under one hold of the space's
 * lock, and for FILL and SWAPPED also of the lock of the page's object. Most faults take one
 * round. Allocating memory, copying a page and reading a file's page cannot be done under a
 * spinning lock. A round that needs one of these ends with FAULT_PREPARE. fault_prepare() then
 * does it with no lock held, and the next round looks at everything again. It uses what was
 * prepared if that still is what it needs. VM_BUS, VM_OOM and VM_WAIT come from preparing.
 * Nothing here sleeps.
 */

/* Rounds before the hardened build panics because of an endless loop. */
#define ROUNDS_MAX 10000

/* Classifies a fault at an entry that has this page. */
static inline __attribute__((always_inline)) enum fault_kind
judge_page(unsigned access, const struct vma *vma, struct mmu_entry entry, uint64_t state,
	   uint64_t counts, unsigned cached)
{
	struct fault_facts facts = {
		.access = access & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC),
		.vma_prot = vma->prot,
		.vma_shared = vma_is_shared(vma),
		.entry_state = entry_state(entry),
		.entry_prot = entry_prot(entry),
		.entry_flags = entry_flags(entry),
		.page_kind = state_kind(state),
		.page_flags = cached | (state_pins(state) ? FACT_PINNED : 0),
		.maps = (uint32_t)(counts >> 32),
		.refs = (uint32_t)counts - (cached != 0), /* the swap cache's does not count */
	};

	return fault_classify(&facts);
}

/* The same for any page, and for an entry that is SWAP. */
static __attribute__((noinline)) enum fault_kind judge_any(unsigned access, const struct vma *vma,
							   struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn_if_any(entry));
	struct fault_facts swapped = {
		.access = access & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC),
		.vma_prot = vma->prot,
		.entry_state = ENTRY_SWAP,
	};
	unsigned cached = 0;
	uint64_t counts, state;

	if (!page)
		return fault_classify(&swapped);
	/* Before the slot is looked at: an entry becomes SWAP before its map is dropped. */
	counts = __atomic_load_n(&page->counts, __ATOMIC_ACQUIRE);
	state = page_state(page);
	if (state & PAGE_SWAP_CACHED)
		cached = FACT_SWAP_CACHED | (swap_page_alone(page) ? FACT_SWAP_ALONE : 0);
	return judge_page(access, vma, entry, state, counts, cached);
}

enum fault_kind fault_judge_held(unsigned access, const struct vma *vma, struct mmu_entry entry)
{
	struct page *page;
	uint64_t state;

	if (unlikely(!pfn_is_near(entry_pfn_if_any(entry), &page)))
		return judge_any(access, vma, entry);
	state = page_state(page);
	if (unlikely(state & PAGE_SWAP_CACHED))
		return judge_any(access, vma, entry);
	return judge_page(access, vma, entry, state, (uint64_t)page->maps << 32 | page->refs, 0);
}

/* ---- find ---- */

/* Refuses the access, or waits. Returns the outcome. */
static int fault_deny(struct fault *fault, enum fault_kind kind, int outcome)
{
	fault->kind = kind;
	if (outcome != VM_WAIT && outcome != VM_DYING)
		fault->space->stats.kind[kind]++;
	return outcome;
}

/* The address is not in the VMA of the last fault. Returns 0 or an outcome. */
static __attribute__((noinline)) int find_elsewhere(struct fault *fault)
{
	struct vma *vma = vma_find_next(fault->space, fault->va);

	fault->vma = vma;
	return vma && vma->start <= fault->va ? 0 : fault_grow(fault, vma);
}

/* Finds the VMA, the entry and the kind. Returns 0 or an outcome. */
static inline __attribute__((always_inline)) int fault_find(struct fault *fault)
{
	struct space *space = fault->space;
	struct mmu_entry entry;
	const struct vma *vma;

	if (unlikely(space->dying))
		return fault_deny(fault, FAULT_DENY_MAPERR, VM_DYING);
	fault->vma = vma_last_hit(space, fault->va);
	if (unlikely(!fault->vma)) {
		int result = find_elsewhere(fault);

		if (unlikely(result))
			return fault_deny(fault, FAULT_DENY_MAPERR, result);
	}
	vma = fault->vma;
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	entry = likely(fault->slot) ? entry_load(fault->slot) : ENTRY_NONE;
	fault->entry = entry;
	fault->wanted = fault_wanted(fault->access, vma->prot, vma_is_shared(vma));
	fault->kind = fault_judge(fault->wanted, vma, entry);
	return 0;
}

/* fault_find() in a later round. Counts what has changed since the last one. */
static __attribute__((noinline)) int find_all_again(struct fault *fault)
{
	bool other_layout = fault->rounds && fault->space->layout != fault->layout;
	enum fault_kind before = fault->kind;
	int result = fault_find(fault);

	if (other_layout)
		fault->space->stats.retry[RETRY_VMA]++;
	else if (fault->kind != before)
		fault->space->stats.retry[RETRY_ENTRY]++;
	return result;
}

/*
 * VMA and slot are still valid if the layout has not changed. The entry is read again in any case.
 */
static inline int fault_find_again(struct fault *fault)
{
	struct space *space = fault->space;
	enum fault_kind kind;

	if (unlikely(!fault->rounds || space->layout != fault->layout || !fault->slot ||
		     space->dying))
		return find_all_again(fault);
	fault->entry = entry_load(fault->slot);
	kind = fault_judge(fault->wanted, fault->vma, fault->entry);
	if (unlikely(kind != fault->kind))
		space->stats.retry[RETRY_ENTRY]++;
	fault->kind = kind;
	return 0;
}

/* ---- get ---- */

/* Saves for the next round a private frame that cannot be installed in this one. */
static void save_frame(struct fault *fault)
{
	if (!fault->page || page_kind(fault->page) != PAGE_ANON)
		return;
	fault->copy = fault->page;
	fault->copy_pfn = fault->pfn;
	if (fault->source == zero_pfn)
		fault->nbytes = PAGE_SIZE;
}

/*
 * Links the tables that the entry needs. This comes last, so that a fault that is refused leaves no
 * tables behind. Returns 0 or FAULT_PREPARE.
 */
static int get_tables(struct fault *fault)
{
	struct space *space = fault->space;
	struct mmu_tables none = { 0 }, *tables = fault->rounds ? &fault->tables : &none;
	unsigned before = tables->count;
	unsigned missing = arch_mmu_prepare(&space->mmu, fault->va, tables);

	if (tables->count != before) {
		space->tables += before - tables->count;
		vma_touch(fault->vma, fault->va);
	}
	if (missing) {
		int result = fault_need(fault, FAULT_NEEDS_TABLES);

		fault->ntables = missing;
		save_frame(fault);
		return result;
	}
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	return 0;
}

/* FILL, where the entry has no table yet. */
static __attribute__((noinline)) int get_page_and_tables(struct fault *fault)
{
	int result = fault->vma->backend->get(fault);

	return result ? result : get_tables(fault);
}

/*
 * References to an object and to the page at index: a page that is missing cannot become another
 * one's before it is brought. (Only a slot can.)
 */
static void source_get(struct object *object, uint64_t index)
{
	object_get(object);
	if (object == &swap_cache)
		swap_slot_get_locked(index);
}

static void source_put(struct object *object, uint64_t index)
{
	if (object == &swap_cache)
		swap_slot_put(index);
	object_put(object);
}

/* The page is not resident. Returns as fault_need_page(). The caller holds object->lock. */
static int need_page_of(struct fault *fault, struct object *object, uint64_t index)
{
	if (fault->rounds && fault->refused && fault->object == object && fault->index == index)
		return VM_BUS;
	source_get(object, index);
	fault->wanted_object = object;
	fault->wanted_index = index;
	return fault_need(fault, FAULT_NEEDS_PAGE);
}

static __attribute__((noinline)) int deny_access(struct fault *fault)
{
	if (fault->vma->flags & VMA_MOVING)
		return fault_deny(fault, FAULT_DENY_ACCERR, fault_await_verb(fault));
	fault->vma->faults.kind[FAULT_DENY_ACCERR]++;
	return fault_deny(fault, FAULT_DENY_ACCERR, VM_SEGV_ACCERR);
}

/* SWAPPED: the page of the entry's slot, if the swap cache has it. The caller holds its lock. */
static int swapped_get(struct fault *fault)
{
	uint64_t slot = entry_swap_slot(fault->entry);

	fault->page = object_page_locked(&swap_cache, slot);
	return fault->page ? 0 : need_page_of(fault, &swap_cache, slot);
}

/* Gets the page that is to be installed. Returns 0, FAULT_PREPARE or an outcome. */
static inline int fault_get(struct fault *fault)
{
	switch (fault->kind) {
	case FAULT_FILL:
		if (unlikely(!fault->slot))
			return get_page_and_tables(fault);
		return fault->vma->backend->get(fault);
	case FAULT_COW:
		return cow_get(fault);
	case FAULT_DENY_ACCERR:
		return deny_access(fault);
	default:
		return 0; /* the entry has its page */
	}
}

int fault_need_page(struct fault *fault)
{
	return need_page_of(fault, fault->vma->object, vma_index(fault->vma, fault->va));
}

/* ---- prepare, with no lock held ---- */

/* Brings the object's page into the page cache. Returns 0, VM_WAIT or -ENOMEM. */
static int prepare_page(struct fault *fault)
{
	int result;

	if (fault->brought)
		page_put(fault->brought);
	if (fault->object)
		source_put(fault->object, fault->index);
	fault->object = fault->wanted_object;
	fault->index = fault->wanted_index;
	fault->brought = NULL;
	fault->wait->major = false;
	result = object_page(fault->object, fault->index, &fault->brought, fault->wait);
	counter_add(&fault->space->stats.major, fault->wait->major);
	fault->refused = 0;
	switch (result) {
	case -ENXIO:
	case -EIO:
	case -EDEADLK:
	case -ENOSPC:
		fault->refused = result; /* VM_BUS, unless the next round finds another mapping */
		return 0;
	default:
		return result;
	}
}

static __attribute__((noinline)) int prepare_other(struct fault *fault)
{
	if (fault->missing == FAULT_NEEDS_TABLES)
		return tables_fill(&fault->tables, fault->ntables);
	return prepare_page(fault);
}

/* Does what the last round could not do. Returns FAULT_AGAIN, VM_WAIT or VM_OOM. */
static __attribute__((noinline)) int fault_prepare(struct fault *fault)
{
	int result;

	if (likely(fault->missing == FAULT_NEEDS_COPY))
		result = cow_prepare(fault);
	else
		result = prepare_other(fault);
	if (unlikely(result))
		return result == -ENOMEM ? VM_OOM : result;
	interleave(INTERLEAVE_DECIDED, LOCK_NONE, NULL);
	assert_hardened(fault->rounds < ROUNDS_MAX);
	fault->rounds++;
	return FAULT_AGAIN;
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

static __attribute__((noinline)) void release_brought(struct fault *fault)
{
	if (fault->brought)
		page_put(fault->brought);
	source_put(fault->object, fault->index);
}

/* Releases what was prepared and not used. */
static __attribute__((noinline)) void fault_release(struct fault *fault)
{
	if (fault->replaced)
		release_replaced(fault->replaced);
	if (fault->source_page)
		page_put(fault->source_page);
	if (unlikely(fault->copy))
		page_put(fault->copy);
	if (fault->object)
		release_brought(fault);
	if (unlikely(fault->tables.count))
		tables_free(&fault->tables);
}

/* ---- the rounds ---- */

/* FILL of a VMA with an object. The lock keeps the page in the object until it is installed. */
static __attribute__((noinline)) int fill_from_object(struct fault *fault)
{
	struct object *object = fault->vma->object;
	int result;

	spin_lock(&object->lock);
	result = fault_get(fault);
	if (!result)
		result = vma_install(fault);
	spin_unlock(&object->lock);
	return result;
}

/* SWAPPED: the same with the swap cache. */
static __attribute__((noinline)) int fill_from_swap(struct fault *fault)
{
	int result;

	spin_lock(&swap_cache.lock);
	result = swapped_get(fault);
	if (!result)
		result = vma_install(fault);
	spin_unlock(&swap_cache.lock);
	return result;
}

/* FILL of a VMA with an object, or SWAPPED. The first test is for the speed of REUSE and COW. */
static inline bool is_from_object(const struct fault *fault)
{
	if (fault->kind > FAULT_FILL)
		return false;
	return fault->kind == FAULT_SWAPPED || (fault->kind == FAULT_FILL && fault->vma->object);
}

/*
 * Gets the page and installs it, unless finding has ended with a `result` other than 0. Returns 0,
 * FAULT_PREPARE, FAULT_AGAIN or an outcome. The caller holds the space's lock.
 */
static inline __attribute__((always_inline)) int fault_resolve(struct fault *fault, int result)
{
	if (unlikely(!result && is_from_object(fault)))
		return fault->kind == FAULT_FILL ? fill_from_object(fault) : fill_from_swap(fault);
	if (likely(!result))
		result = fault_get(fault);
	if (likely(!result))
		result = vma_install(fault);
	return result;
}

/* A later round. Returns what fault_resolve() does. */
static __attribute__((noinline)) int fault_retry(struct fault *fault)
{
	int result;

	spin_lock(&fault->space->lock);
	result = fault_find_again(fault);
	result = fault_resolve(fault, result);
	spin_unlock(&fault->space->lock);
	return result;
}

/* The rounds after the first. Returns 0 or an outcome. */
static __attribute__((noinline)) int fault_rounds(struct fault *fault, int result)
{
	do {
		if (likely(result == FAULT_PREPARE))
			result = fault_prepare(fault);
		if (likely(result == FAULT_AGAIN))
			result = fault_retry(fault);
	} while (unlikely(result >= FAULT_AGAIN));
	if (fault->rounds)
		fault_release(fault);
	return result;
}

int vm_fault(struct space *space, vaddr_t address, unsigned access, struct vm_wait *wait)
{
	struct fault fault;
	int result;

	lockorder_assert_none_spinning();
	fault.space = space;
	fault.access = access;
	fault.va = ALIGN_DOWN(address, PAGE_SIZE);
	fault.wait = wait;
	fault.rounds = 0;
	zeroed_topup();
	spin_lock(&space->lock);
	result = fault_find(&fault);
	result = fault_resolve(&fault, result);
	spin_unlock(&space->lock);
	if (unlikely(result >= FAULT_AGAIN))
		result = fault_rounds(&fault, result);
	fault.wait->kind = fault.kind;
	return result;
}
