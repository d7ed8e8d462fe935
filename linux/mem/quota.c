/* SPDX-License-Identifier: MIT */
/* Limits how much memory may be taken by what has a name: files of the tree, segments of shared memory. */
#include "linux/mem/quota.h"

#include "lib/bits.h"
#include "lib/radix.h"
#include "mm/check/alloc_fail.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/swap_cache.h"
#include "sync/atomic.h"

/* Otherwise a program could fill memory with a file, and killing it would free nothing. */

#define QUOTA_NODES_PER_FRAME (PAGE_SIZE / sizeof(struct radix_node))

static uint64_t used;	 /* frames charged to files; atomic */
static uint64_t nodes;	 /* of the indices of files; atomic */
static uint64_t records; /* of names in the tree, and of inodes that have or had one; atomic */

uint64_t quota_most(void)
{
	return (page_alloc_total_count() + swap_total()) / 2;
}

uint64_t quota_left(void)
{
	uint64_t limit = quota_most();
	uint64_t taken = atomic_load_relaxed(&used) +
			 atomic_load_relaxed(&nodes) / QUOTA_NODES_PER_FRAME +
			 atomic_load_relaxed(&records) / QUOTA_RECORDS_PER_FRAME;

	return limit > taken ? limit - taken : 0;
}

uint64_t quota_pages(void)
{
	return atomic_load_relaxed(&used);
}

bool quota_records_made(unsigned n)
{
	if (alloc_fails() || quota_left() == 0)
		return false;
	counter_add(&records, n);
	return true;
}

void quota_records_gone(unsigned n)
{
	counter_add(&records, -(uint64_t)n);
}

void quota_nodes_changed(size_t counted, size_t now)
{
	counter_add(&nodes, (uint64_t)now - counted);
}

/* An index without holes has fewer nodes than one for so many pages. These do not count. */
#define PAGES_PER_FREE_NODE 32

void quota_count_index(const struct object *object, size_t *counted)
{
	size_t all = object->pages.nodes;
	size_t free = object->npages / PAGES_PER_FREE_NODE;
	size_t now = all > free ? all - free : 0;

	if (likely(now == *counted))
		return;
	quota_nodes_changed(*counted, now);
	*counted = now;
}

unsigned quota_records_of(size_t size)
{
	const size_t record = PAGE_SIZE / QUOTA_RECORDS_PER_FRAME;

	return (unsigned)((kmalloc_size(size) + record - 1) / record);
}

bool quota_page_made(void)
{
	if (alloc_fails() || quota_left() == 0)
		return false;
	counter_add(&used, 1);
	return true;
}

void quota_page_gone(void)
{
	counter_add(&used, -1ul);
}
