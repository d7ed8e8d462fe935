/* SPDX-License-Identifier: MIT */
/* The vmap area: kernel stacks with guards, and device registers. */

/*
 * Stacks have slots of twice their size; the lower half of a slot is never mapped, so that an
 * overflow faults. A slot whose stack was unmapped is used again only after arch_mmu_map_kernel()
 * has fenced. Some free stacks stay mapped, last in, first out. The page tables for all slots are
 * there from the start, so that free memory after a storm of threads is what it was before. Devices
 * are mapped from the top downwards.
 */

#include "mm/phys/kmap.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/mmu.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/table_pages.h"
#include "mm/relieve.h"
#include "sync/spinlock.h"

#define SLOT_SIZE	(2 * KSTACK_SIZE)
#define STACK_FRAMES	(KSTACK_SIZE / PAGE_SIZE)
#define SLOTS_MAX	8192ul
/* One slot for so many frames of memory: no thread lives on fewer. */
#define FRAMES_PER_SLOT 8
#define KEPT_MAX	32

/* What a slot that has no stack says instead of its first frame: the next such slot. */
#define SLOT_NONE SLOTS_MAX

struct slot {
	struct page *frames; /* strung by link; NULL: no stack */
	unsigned long next;  /* of free slots, SLOT_NONE ends */
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_KMAP);
/* guarded by lock: */
static struct slot *slots;
static unsigned long nslots, free_slots = SLOT_NONE;
static unsigned long kept[KEPT_MAX]; /* slots with a stack that nobody uses */
static unsigned nkept;
static size_t nstacks; /* mapped, kept ones included */
static size_t ntables; /* of the vmap area, never given back */
static vaddr_t device_bottom;

static vaddr_t slots_base(void)
{
	return ALIGN_UP(VMAP_BASE, SLOT_SIZE);
}

static vaddr_t stack_of(unsigned long slot)
{
	return slots_base() + slot * SLOT_SIZE + KSTACK_SIZE;
}

static unsigned long slot_of(const void *stack)
{
	return ((vaddr_t)stack - slots_base()) / SLOT_SIZE;
}

/* Maps, counting the tables that it takes. */
static int map_counted(vaddr_t va, paddr_t pa, size_t npages, unsigned prot,
		       struct mmu_tables *spare)
{
	unsigned before = spare->count;
	int error = arch_mmu_map_kernel(va, pa, npages, prot, spare);

	ntables += before - spare->count;
	return error;
}

/*
 * Has the tables for [start, end) made, by mapping a frame in each leaf table's reach for a moment.
 */
static int make_tables(vaddr_t start, vaddr_t end)
{
	const vaddr_t reach = PAGE_SIZE * MMU_LEAF_ENTRIES;
	struct mmu_tables spare = { 0 };
	int error = 0;

	for (vaddr_t va = start; va < end && !error; va = ALIGN_DOWN(va, reach) + reach) {
		error = tables_fill(&spare, MMU_LEVELS - 1);
		spin_lock(&lock);
		if (!error)
			error = map_counted(va, page_to_paddr(zero_page), 1, VM_PROT_READ, &spare);
		if (!error)
			error = arch_mmu_map_kernel(va, 0, 1, 0, &spare);
		spin_unlock(&lock);
	}
	tables_free(&spare);
	return error;
}

int kmap_init(void)
{
	size_t room = (VMAP_TOP - slots_base()) / 2 / SLOT_SIZE, bytes;
	unsigned order = 0;
	struct page *page;

	nslots = MIN(MIN(page_alloc_total_count() / FRAMES_PER_SLOT, room), SLOTS_MAX);
	bytes = nslots * sizeof(*slots);
	while (PAGE_SIZE << order < bytes)
		order++;
	page = page_alloc(order, PAGE_KERNEL, PAGE_NORMAL);
	if (!page)
		return -ENOMEM;
	slots = page_address(page);
	for (unsigned long i = 0; i < nslots; i++)
		slots[i] = (struct slot){ NULL, i + 1 < nslots ? i + 1 : SLOT_NONE };
	free_slots = nslots ? 0 : SLOT_NONE;
	nkept = 0;
	nstacks = 0;
	ntables = 0;
	device_bottom = VMAP_TOP;
	return make_tables(slots_base(), slots_base() + nslots * SLOT_SIZE);
}

static void frames_free(struct page *frames)
{
	while (frames) {
		struct page *page = frames;

		frames = page->link.next ? list_entry(page->link.next, struct page, link) : NULL;
		page_free(page, 0);
	}
}

/* The frames of a stack, strung; NULL where there are too few. */
static struct page *frames_alloc(void)
{
	struct page *frames = NULL;

	for (unsigned i = 0; i < STACK_FRAMES; i++) {
		struct page *page = page_alloc_wait(0, PAGE_KERNEL);

		if (!page) {
			frames_free(frames);
			return NULL;
		}
		page->link.next = frames ? &frames->link : NULL;
		frames = page;
	}
	return frames;
}

/* Maps frames into a slot, whose tables are there. => lock held */
static void slot_map(unsigned long slot, struct page *frames)
{
	vaddr_t va = stack_of(slot);
	struct mmu_tables none = { 0 };

	slots[slot].frames = frames;
	for (struct list *link = &frames->link; link; link = link->next, va += PAGE_SIZE) {
		struct page *page = list_entry(link, struct page, link);
		int error = arch_mmu_map_kernel(va, page_to_paddr(page), 1,
						VM_PROT_READ | VM_PROT_WRITE, &none);

		assert(error == 0);
	}
	nstacks++;
}

/* Unmaps a slot's stack; its frames, for the caller to free. => lock held */
static struct page *slot_unmap(unsigned long slot)
{
	struct page *frames = slots[slot].frames;
	struct mmu_tables none = { 0 };

	arch_mmu_map_kernel(stack_of(slot), 0, STACK_FRAMES, 0, &none);
	slots[slot] = (struct slot){ NULL, free_slots };
	free_slots = slot;
	nstacks--;
	return frames;
}

/* A stack that was kept, or NULL. */
static void *stack_cache_take(void)
{
	void *stack = NULL;

	spin_lock(&lock);
	if (nkept)
		stack = (void *)stack_of(kept[--nkept]);
	spin_unlock(&lock);
	return stack;
}

void *kstack_alloc(void)
{
	void *stack = stack_cache_take();
	struct page *frames;
	unsigned long slot;

	if (stack)
		return stack;
	frames = frames_alloc();
	if (!frames)
		return NULL;
	spin_lock(&lock);
	slot = alloc_fails() ? SLOT_NONE : free_slots;
	if (slot != SLOT_NONE) {
		free_slots = slots[slot].next;
		slot_map(slot, frames);
	}
	spin_unlock(&lock);
	if (slot == SLOT_NONE) {
		frames_free(frames);
		return NULL;
	}
	return (void *)stack_of(slot);
}

void kstack_free(void *stack)
{
	unsigned long slot = slot_of(stack);
	struct page *spent = NULL;

	spin_lock(&lock);
	assert(slot < nslots && stack_of(slot) == (vaddr_t)stack && slots[slot].frames);
	if (nkept < KEPT_MAX)
		kept[nkept++] = slot;
	else
		spent = slot_unmap(slot);
	spin_unlock(&lock);
	frames_free(spent);
}

void kstack_trim(void)
{
	bool more = true;

	while (more) {
		struct page *spent = NULL;

		spin_lock(&lock);
		more = nkept != 0;
		if (more)
			spent = slot_unmap(kept[--nkept]);
		spin_unlock(&lock);
		frames_free(spent);
	}
}

size_t kstack_frames(void)
{
	return atomic_load_relaxed(&nstacks) * STACK_FRAMES;
}

/* Most tables that mapping so many bytes takes: leaf tables, and one above. */
static unsigned tables_for(size_t bytes)
{
	return (unsigned)(bytes / (PAGE_SIZE * MMU_LEAF_ENTRIES)) + 2 + (MMU_LEVELS - 2) * 2;
}

size_t kmap_tables(void)
{
	return ntables;
}

/* In pieces: some devices are large. => nobody else has these addresses; 0 or what arch says */
static int map_device(vaddr_t va, paddr_t start, paddr_t end, struct mmu_tables *spare)
{
	const size_t piece = PAGE_SIZE * MMU_LEAF_ENTRIES / 8;
	int err = 0;

	for (paddr_t at = start; at < end; at += piece) {
		spin_lock(&lock);
		err |= map_counted(va + (at - start), at, MIN(piece, end - at) >> PAGE_SHIFT,
				   VM_PROT_READ | VM_PROT_WRITE, spare);
		spin_unlock(&lock);
	}
	return err;
}

volatile void *kmap_device(paddr_t pa, size_t len)
{
	paddr_t start = ALIGN_DOWN(pa, PAGE_SIZE), end = ALIGN_UP(pa + len, PAGE_SIZE);
	vaddr_t floor = slots_base() + nslots * SLOT_SIZE, va = 0;
	struct mmu_tables spare = { 0 };

	if (len == 0 || end <= start || end - start > VMAP_TOP - VMAP_BASE ||
	    tables_fill(&spare, tables_for(end - start))) {
		tables_free(&spare);
		return NULL;
	}
	spin_lock(&lock);
	if (end - start <= device_bottom - floor) {
		va = device_bottom - (end - start);
		device_bottom = va;
	}
	spin_unlock(&lock);
	if (va && map_device(va, start, end, &spare))
		va = 0; /* the addresses are lost */
	tables_free(&spare);
	return va ? (volatile void *)(va + (pa - start)) : NULL;
}
