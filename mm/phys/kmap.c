/* SPDX-License-Identifier: MIT */
/* The vmap area: kernel stacks with guard areas, and device registers. */

/*
 * Each stack has a slot of twice its size. The lower half of a slot is never mapped, so that a
 * stack overflow faults. Some free stacks stay mapped in a cache, last in, first out. When it is full, half of them are
 * unmapped with one fence of all harts, before their slots can be used again. The page tables for
 * all slots exist from boot on, so that creating and ending many threads does not change the amount
 * of free memory. Devices are mapped from the top of the area downwards.
 */

#include "mm/phys/kmap.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/mmu.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/table_pages.h"
#include "mm/swap/relieve.h"
#include "sync/spinlock.h"

#define SLOT_SIZE	(2 * KSTACK_SIZE)
#define STACK_FRAMES	(KSTACK_SIZE / PAGE_SIZE)
#define SLOTS_MAX	8192ul
/* Frames of memory for each slot: no thread can run with fewer. */
#define FRAMES_PER_SLOT 8
#define CACHED_MAX	32

/* The end of the list of free slots. */
#define SLOT_NONE SLOTS_MAX

/* Guarded by lock. */
struct slot {
	struct page *frames; /* linked by `link`; NULL: no stack */
	unsigned long next;  /* the next free slot, or SLOT_NONE */
};

static struct spinlock lock = SPINLOCK_INIT(LOCK_KMAP);
/* guarded by lock: */
static struct slot *slots;
static unsigned long nslots, free_slots = SLOT_NONE;
static unsigned long cached[CACHED_MAX]; /* slots with a mapped stack that is not in use */
static unsigned ncached;
static size_t nstacks; /* mapped, cached ones included */
static size_t ntables; /* page tables of the vmap area, never freed */
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

/* Maps, and counts the page tables that this takes. */
static int map_counted(vaddr_t va, paddr_t pa, size_t npages, unsigned prot,
		       struct mmu_tables *spare)
{
	unsigned before = spare->count;
	int error = arch_mmu_map_kernel(va, pa, npages, prot, spare);

	ntables += before - spare->count;
	return error;
}

/* Makes the page tables for [start, end): maps and unmaps a frame under each leaf table. */
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
	arch_mmu_sync_kernel();
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
	ncached = 0;
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

/* Allocates the frames of a stack, linked by `link`. Returns NULL if there are too few. */
static struct page *kmap_frame_alloc(void)
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

/* Maps frames into a slot, whose page tables exist. The caller holds `lock`. */
static void slot_map(unsigned long slot, struct page *frames)
{
	vaddr_t va = stack_of(slot);
	struct mmu_tables none = { 0 };

	assert_hardened(spin_lock_held(&lock));
	slots[slot].frames = frames;
	for (struct list *link = &frames->link; link; link = link->next, va += PAGE_SIZE) {
		struct page *page = list_entry(link, struct page, link);
		int error = arch_mmu_map_kernel(va, page_to_paddr(page), 1,
						VM_PROT_READ | VM_PROT_WRITE, &none);

		assert(error == 0);
	}
	arch_mmu_sync_kernel();
	nstacks++;
}

/* Unmaps a slot's stack, without the fence, and puts its frames before others. The caller holds `lock`. */
static struct page *slot_unmap(unsigned long slot, struct page *others)
{
	struct page *frames = slots[slot].frames;
	struct mmu_tables none = { 0 };
	struct list *last = &frames->link;

	assert_hardened(spin_lock_held(&lock));
	arch_mmu_map_kernel(stack_of(slot), 0, STACK_FRAMES, 0, &none);
	while (last->next)
		last = last->next;
	last->next = others ? &others->link : NULL;
	slots[slot] = (struct slot){ NULL, free_slots };
	free_slots = slot;
	nstacks--;
	return frames;
}

/* Unmaps as many cached stacks, or all. Returns their frames for the caller to free. The caller holds `lock`. */
static struct page *stack_cache_shrink(unsigned most)
{
	struct page *frames = NULL;

	assert_hardened(spin_lock_held(&lock));
	while (ncached && most--)
		frames = slot_unmap(cached[--ncached], frames);
	if (frames)
		arch_mmu_sync_kernel();
	return frames;
}

/* Takes a stack from the cache. Returns NULL if it is empty. */
static void *stack_cache_take(void)
{
	void *stack = NULL;

	spin_lock(&lock);
	if (ncached)
		stack = (void *)stack_of(cached[--ncached]);
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
	frames = kmap_frame_alloc();
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
	if (ncached == CACHED_MAX)
		spent = stack_cache_shrink(CACHED_MAX / 2);
	cached[ncached++] = slot;
	spin_unlock(&lock);
	frames_free(spent);
}

void kstack_trim(void)
{
	struct page *spent;

	do {
		spin_lock(&lock);
		spent = stack_cache_shrink(CACHED_MAX / 2);
		spin_unlock(&lock);
		frames_free(spent);
	} while (spent);
}

size_t kstack_frames(void)
{
	return atomic_load_relaxed(&nstacks) * STACK_FRAMES;
}

/*
 * The most page tables that a mapping of so many bytes can need: leaf tables, and two on each level
 * between them and the root.
 */
static unsigned tables_for(size_t bytes)
{
	return (unsigned)(bytes / (PAGE_SIZE * MMU_LEAF_ENTRIES)) + 2 + (MMU_LEVELS - 2) * 2;
}

size_t kmap_tables(void)
{
	return ntables;
}

/*
 * Maps in pieces, because some devices are large. The address range belongs to the caller alone.
 * Returns 0 or the error of arch_mmu_map_kernel().
 */
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
	arch_mmu_sync_kernel();
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
		va = 0; /* the addresses are not used again */
	tables_free(&spare);
	return va ? (volatile void *)(va + (pa - start)) : NULL;
}
