/* SPDX-License-Identifier: MIT */
/* Blocks of frames that large entries map as one (superpages), and who maps them. */
#include "mm/phys/large_page.h"

#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "sync/atomic.h"

#define LARGE_ORDER 9

_Static_assert(1ul << LARGE_ORDER == MMU_LEAF_ENTRIES,
	       "a block is as large as what a leaf table maps");

struct large_counts large_counts; /* atomic */

struct page *large_alloc_frames(void)
{
	struct page *head = NULL;

	if (page_alloc_above_low() >= MMU_LEAF_ENTRIES)
		head = page_alloc(LARGE_ORDER, PAGE_ANON, PAGE_OPTIONAL);
	if (!head) {
		counter_add(&large_counts.refused, 1);
		return NULL;
	}
	page_alloc_split(head, LARGE_ORDER);
	return head;
}

struct page *large_alloc(void)
{
	struct page *head = large_alloc_frames();

	if (!head)
		return NULL;
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		arch_page_zero(page_address(head) + i * PAGE_SIZE);
	large_map_first(head);
	return head;
}

void large_map_first(struct page *head)
{
	atomic_store_relaxed(&head->large_maps, 1);
	counter_add(&large_counts.blocks, 1);
}

void large_map_get(struct page *head)
{
	assert_hardened(large_map_count(head) > 0);
	counter_add(&head->large_maps, 1);
}

/* The block has no large map any more. */
static void large_maps_end(void)
{
	counter_add(&large_counts.blocks, (uint64_t)-1);
}

/* Takes a large map back. Returns true if it was the last one. */
static bool large_maps_drop(struct page *head)
{
	uint64_t before = __atomic_fetch_sub(&head->large_maps, 1, __ATOMIC_ACQ_REL);

	before &= ~LARGE_REFS;
	assert_hardened(before > 0);
	if (before == 1)
		large_maps_end();
	return before == 1;
}

/* Has each page only the block's reference? None has less. */
static bool are_unshared(const struct page *head)
{
	const struct page *end = head + MMU_LEAF_ENTRIES;
	uint64_t sum = 0;

#pragma GCC unroll 8
	for (const struct page *page = head; page < end; page++)
		sum += atomic_load_relaxed(&page->counts);
	return sum == MMU_LEAF_ENTRIES * PAGE_ONE_REF;
}

/* Drops the block's references. Where they are the only ones, the block is freed as one. */
static void block_put(struct page *head)
{
	if (are_unshared(head)) {
		page_alloc_join(head, LARGE_ORDER);
		page_free(head, LARGE_ORDER);
		return;
	}
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		page_put(&head[i]);
}

void large_map_put(struct page *head)
{
	if (large_maps_drop(head))
		block_put(head);
}

void large_map_split(struct page *head)
{
	if (large_map_count(head) == 1) { /* no other space can map it again */
		atomic_store_relaxed(&head->large_maps, 0);
		large_maps_end();
		for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
			page_ref_to_map(&head[i]);
		return;
	}
	large_note_ref(head);
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		page_map_get(&head[i]);
	if (large_maps_drop(head))
		for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
			page_put(&head[i]);
}

bool large_is_alone(struct page *head)
{
	const uint64_t maps = atomic_load(&head->large_maps);

	if (maps == 1)
		return true;
	if (maps != (1 | LARGE_REFS) || !are_unshared(head))
		return false;
	atomic_store_relaxed(&head->large_maps, 1); /* only the caller's space can find the pages */
	return true;
}
