/* SPDX-License-Identifier: MIT */
/* The fault dispatcher: find the VMA, classify, get a page, install it. */
#include "mm/fault.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/cow.h"
#include "mm/install.h"
#include "mm/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/table_pages.h"
#include "mm/phys/zeroed.h"
#include "mm/stack_grow.h"
#include "sync/interleave.h"

/*
 * The cases, in the order of the code (mm/fault_classify.h tells when each applies):
 *
 * (look-up)            the address is in no VMA: GROW (mm/stack_grow.c), or DENY_MAPERR
 * DENY_ACCERR          VM_SEGV_ACCERR
 * ACCESSED, SPURIOUS,  nothing is to be got: the entry has its page, and vma_install() gives it more
 * REUSE, REMAP         permissions
 * WP, SWAPPED          not implemented: nothing makes such entries yet
 * FILL                 the page of the VMA's backend (backend_anon.c, backend_file.c, backend_elf.c)
 * COW                  a copy of the page (cow.c)
 *
 * A round is: find, classify, get, install, all in one hold of the space's lock (and, for FILL, of
 * the lock of the VMA's object). Most faults take one round. What cannot be done under a spinning
 * lock (memory allocated, a page copied, a file's page read) is missing: the round ends,
 * fault_prepare() has it without any lock, and the next round looks at everything anew; what was
 * prepared is used if it still is what is wanted. BUS, no memory and "wait" are outcomes of
 * preparing. Nothing here sleeps.
 */

/* From this round on a copy is made in the lock hold, so that nobody keeps a fault from its end. */
#define ROUNDS_WITHOUT_LOCK 8
/* Rounds before the hardened build calls it an endless loop. */
#define ROUNDS_MAX	    10000

enum fault_kind fault_judge_held(unsigned access, const struct vma *vma, struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn(entry));
	struct fault_facts facts = {
		.access = access & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC),
		.vma_prot = vma->prot,
		.vma_shared = vma_is_shared(vma),
		.entry_state = entry_state(entry),
		.entry_prot = entry_prot(entry),
		.entry_flags = entry_flags(entry),
		/* gcc-analyzer-suppress null-dereference ; an entry's frame is one of ours */
		.page_kind = page->kind,
		.page_flags = page->pins ? FACT_PINNED : 0,
		.maps = page->maps,
		.refs = page->refs,
	};

	return fault_classify(&facts);
}

/* ---- find ---- */

/* A denial that the table's first two lines make. */
static int fault_deny(struct fault *fault, enum fault_kind kind, int outcome)
{
	fault->kind = kind;
	if (outcome != VM_WAIT && outcome != VM_DYING)
		fault->space->stats.kind[kind]++;
	return outcome;
}

/* The address is not in the VMA of the last fault. 0 or an outcome. => space lock held */
static __attribute__((noinline)) int find_elsewhere(struct fault *fault)
{
	struct vma *vma = vma_find_next(fault->space, fault->va);

	fault->vma = vma;
	return vma && vma->start <= fault->va ? 0 : fault_grow(fault, vma);
}

/* Finds VMA, entry and kind. 0 or an outcome. => space lock held */
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

/* The same in a later round; counts what has changed since the last one. */
static __attribute__((noinline)) int find_anew(struct fault *fault)
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

/* VMA and slot are what they were as long as the layout is; the entry is looked at anew in any case. */
static inline int fault_find_again(struct fault *fault)
{
	struct space *space = fault->space;
	enum fault_kind kind;

	if (unlikely(!fault->rounds || space->layout != fault->layout || !fault->slot ||
		     space->dying))
		return find_anew(fault);
	fault->entry = entry_load(fault->slot);
	kind = fault_judge(fault->wanted, fault->vma, fault->entry);
	if (unlikely(kind != fault->kind))
		space->stats.retry[RETRY_ENTRY]++;
	fault->kind = kind;
	return 0;
}

/* ---- what is missing ---- */

static void prepare_begin(struct fault *fault)
{
	fault->rounds = 1;
	fault->had = 0;
	fault->tables = (struct mmu_tables){ 0 };
	fault->object = NULL;
	fault->brought = fault->copy = fault->source_page = fault->replaced = NULL;
	fault->source = zero_pfn;
	fault->refused = 0;
}

/* The round ends: `what` is missing. (What was had before, and is missing again, was had in vain.) */
static inline int need(struct fault *fault, unsigned what)
{
	struct space *space = fault->space;

	assert_hardened(spin_lock_held(&space->lock));
	if (!fault->rounds)
		prepare_begin(fault);
	if (unlikely(fault->had & what))
		space->stats.retry[what == FAULT_NEEDS_TABLES ? RETRY_TABLES : RETRY_SOURCE]++;
	fault->missing = what;
	fault->had |= what;
	fault->layout = space->layout;
	return FAULT_PREPARE;
}

/* ---- get ---- */

/* A frame of its own was got, and cannot be installed in this round: it is for the next one. */
static void keep_frame(struct fault *fault)
{
	if (!fault->page || fault->page->kind != PAGE_ANON)
		return;
	fault->copy = fault->page;
	fault->copy_pfn = fault->pfn;
	if (fault->source == zero_pfn)
		fault->nbytes = PAGE_SIZE;
}

/* Links what tables are missing: last of all, so that a fault that is refused leaves none. 0 or FAULT_PREPARE. */
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
		int result = need(fault, FAULT_NEEDS_TABLES);

		fault->ntables = missing;
		keep_frame(fault);
		return result;
	}
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	return 0;
}

/* FILL where the table of the entry is missing. */
static __attribute__((noinline)) int get_page_and_tables(struct fault *fault)
{
	int result = fault->vma->backend->get(fault);

	return result ? result : get_tables(fault);
}

static __attribute__((noinline)) int get_nothing(struct fault *fault)
{
	if (fault->vma->flags & VMA_MOVING)
		return fault_deny(fault, FAULT_DENY_ACCERR, fault_await_verb(fault));
	fault->vma->faults.kind[FAULT_DENY_ACCERR]++;
	return fault_deny(fault, FAULT_DENY_ACCERR, VM_SEGV_ACCERR);
}

/* Gets the page that is to be installed. 0, FAULT_PREPARE or an outcome. => space lock held */
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
		return get_nothing(fault);
	default:
		return 0; /* the entry has it */
	}
}

int fault_need_page(struct fault *fault)
{
	struct object *object = fault->vma->object;
	uint64_t index = vma_index(fault->vma, fault->va);

	if (fault->rounds && fault->refused && fault->object == object && fault->index == index)
		return VM_BUS;
	object_get(object);
	fault->wanted_object = object;
	fault->wanted_index = index;
	return need(fault, FAULT_NEEDS_PAGE);
}

static __attribute__((noinline)) void copy_part(char *to, const char *from, size_t nbytes)
{
	memcpy(to, from, nbytes);
	memset(to + nbytes, 0, PAGE_SIZE - nbytes);
}

/* zero_pfn: zeros. */
static inline void copy_bytes(pfn_t to, pfn_t from, size_t nbytes)
{
	char *bytes = arch_phys_to_virt(pfn_to_paddr(to));
	const char *source = arch_phys_to_virt(pfn_to_paddr(from));

	if (from == zero_pfn)
		arch_page_zero(bytes);
	else if (likely(nbytes == PAGE_SIZE))
		arch_page_copy(bytes, source);
	else
		copy_part(bytes, source, nbytes);
}

static inline int use_copy(struct fault *fault)
{
	fault->page = fault->copy;
	fault->pfn = fault->copy_pfn;
	fault->copy = NULL;
	return 0;
}

static inline int need_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	if (source != zero_pfn) {
		fault->source_page = pfn_to_page(source);
		page_get(fault->source_page);
	}
	fault->source = source;
	fault->nbytes = nbytes;
	return need(fault, FAULT_NEEDS_COPY);
}

/* What was copied is not what is wanted. Where that was so too often the copy is made now, with the locks held. */
static __attribute__((noinline)) int need_other_copy(struct fault *fault, pfn_t source,
						     size_t nbytes)
{
	if (fault->rounds >= ROUNDS_WITHOUT_LOCK && fault->copy) {
		copy_bytes(fault->copy_pfn, source, nbytes);
		return use_copy(fault);
	}
	if (fault->source_page)
		page_put(fault->source_page);
	fault->source_page = NULL;
	return need_copy(fault, source, nbytes);
}

int fault_get_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	if (!fault->rounds) {
		prepare_begin(fault);
		return need_copy(fault, source, nbytes);
	}
	if (likely(fault->copy && fault->source == source && fault->nbytes == nbytes))
		return use_copy(fault);
	return need_other_copy(fault, source, nbytes);
}

int fault_get_zeros(struct fault *fault)
{
	struct page *page = likely(!fault->rounds) ? zeroed_take() : NULL;

	if (unlikely(!page))
		return fault_get_copy(fault, zero_pfn, PAGE_SIZE);
	fault->page = page;
	fault->pfn = page->zeroed_pfn;
	return 0;
}

/* ---- prepare: no lock is held ---- */

/* 0, VM_WAIT, -ENOMEM. */
static int prepare_page(struct fault *fault)
{
	int result;

	if (fault->brought)
		page_put(fault->brought);
	if (fault->object)
		object_put(fault->object);
	fault->object = fault->wanted_object;
	fault->index = fault->wanted_index;
	fault->brought = NULL;
	result = object_page(fault->object, fault->index, &fault->brought, fault->wait);
	fault->refused = 0;
	switch (result) {
	case -ENXIO:
	case -EIO:
	case -ENOSPC:
		fault->refused = result; /* BUS, unless the next look finds another mapping there */
		return 0;
	default:
		return result;
	}
}

static inline int prepare_copy(struct fault *fault)
{
	if (likely(!fault->copy)) {
		fault->copy = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		if (unlikely(!fault->copy))
			return -ENOMEM;
		fault->copy_pfn = page_to_pfn(fault->copy);
	}
	copy_bytes(fault->copy_pfn, fault->source, fault->nbytes);
	return 0;
}

static __attribute__((noinline)) int prepare_other(struct fault *fault)
{
	int result;

	if (fault->missing == FAULT_NEEDS_TABLES)
		return tables_fill(&fault->tables, fault->ntables);
	result = prepare_page(fault);
	if (result == VM_WAIT)
		counter_add(&fault->space->stats.major, 1);
	return result;
}

/* Has what the round found missing. FAULT_AGAIN, VM_WAIT or VM_OOM. */
static __attribute__((noinline)) int fault_prepare(struct fault *fault)
{
	int result;

	if (likely(fault->missing == FAULT_NEEDS_COPY))
		result = prepare_copy(fault);
	else
		result = prepare_other(fault);
	if (unlikely(result))
		return result == -ENOMEM ? VM_OOM : result;
	interleave(INTERLEAVE_DECIDED, LOCK_NONE, NULL);
	assert_hardened(fault->rounds < ROUNDS_MAX);
	fault->rounds++;
	return FAULT_AGAIN;
}

/* Gives back what was prepared and not used. */
static __attribute__((noinline)) void fault_release(struct fault *fault)
{
	if (fault->replaced)
		page_map_put(fault->replaced);
	if (fault->source_page)
		page_put(fault->source_page);
	if (unlikely(fault->copy))
		page_put(fault->copy);
	if (fault->brought)
		page_put(fault->brought);
	if (fault->object)
		object_put(fault->object);
	if (unlikely(fault->tables.count))
		tables_free(&fault->tables);
}

/* ---- the rounds ---- */

/* FILL of a VMA with an object: what is found in that stays there until it is installed. */
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

static inline bool fills_from_object(const struct fault *fault)
{
	return fault->kind == FAULT_FILL && fault->vma->object;
}

/*
 * Gets and installs the page of a fault that fault_find() has found with `result`. Returns 0,
 * FAULT_PREPARE, FAULT_AGAIN or an outcome. The caller holds the space's lock.
 */
static inline __attribute__((always_inline)) int fault_resolve(struct fault *fault, int result)
{
	if (unlikely(!result && fills_from_object(fault)))
		return fill_from_object(fault);
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
	result = fault_resolve(fault, fault_find_again(fault));
	spin_unlock(&fault->space->lock);
	return result;
}

/* The first round was not enough. Returns 0 or an outcome. */
static __attribute__((noinline)) int fault_go_on(struct fault *fault, int result)
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
	result = fault_resolve(&fault, fault_find(&fault));
	spin_unlock(&space->lock);
	if (unlikely(result >= FAULT_AGAIN))
		result = fault_go_on(&fault, result);
	fault.wait->kind = fault.kind;
	return result;
}
