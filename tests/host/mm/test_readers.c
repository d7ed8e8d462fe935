/* SPDX-License-Identifier: MIT */
/* Spaces whose faults do without the lock: what they count, and what closes such a space. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "sync/interleave.h"

#define P PAGE_SIZE

/* So many pages, of which the first has opened the space, and the tables are there. */
#define PAGES 8

static void start_open(void)
{
	start();
	space_share(&space);
	assert_non_null(space.readers);
	map(AT, PAGES, RW);
	assert_int_equal(0, fake_store(AT, 1)); /* it links the tables */
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
	assert_int_equal(SPACE_NOTHING, space.at_lock);
	assert_int_equal(0, fault(AT, VM_PROT_WRITE));
	assert_int_equal(SPACE_OPEN, space.at_lock);
}

TEST(readers_count_for_themselves)
{
	start_open();
	map(AT + GIB, 1, RW); /* closes it */
	assert_int_equal(1, space.resident);
	assert_int_equal(0, fault(AT + P, VM_PROT_WRITE));
	assert_int_equal(SPACE_OPEN, space.at_lock);
	assert_int_equal(2, space.resident);
	for (unsigned i = 2; i < 5; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	assert_int_equal(0, fake_load(AT + 5 * P)); /* the zero page is not resident */
	assert_int_equal(2, space.resident);
	assert_int_equal(5, space_resident(&space));
	space_count(&space);
	assert_int_equal(SPACE_NOTHING, space.at_lock);
	assert_int_equal(5, space.resident);
	assert_int_equal(5, space_resident(&space));
	assert_int_equal(1, space.stats.zero_maps);
	assert_int_equal(5 + 1 + 1, vma_find(&space, AT)->faults.kind[FAULT_FILL]);
	space_count(&space); /* there is nothing more */
	assert_int_equal(5, space.resident);
	end();
}

/* Counts are for the VMA of the fault, whichever was before. */
TEST(readers_turn_to_another_mapping)
{
	start_open();
	map(AT + PAGES * P, 2, PROT_READ);
	assert_int_equal(0, fault(AT + P, VM_PROT_WRITE));
	assert_int_equal(0, fake_load(AT + (PAGES + 1) * P));
	assert_int_equal(0, fake_store(AT + 2 * P, 1));
	assert_int_equal(SPACE_OPEN, space.at_lock);
	space_count(&space);
	assert_int_equal(1, vma_find(&space, AT + PAGES * P)->faults.kind[FAULT_FILL]);
	assert_int_equal(3, space.resident);
	end();
}

/* Faults that readers cannot resolve close the space, and are resolved. */
TEST(others_close_it)
{
	start_open();
	assert_int_equal(0, fake_load(AT + P));
	assert_int_equal(SPACE_OPEN, space.at_lock);
	assert_int_equal(0, fake_store(AT + P, 1)); /* COW of the zero page */
	assert_int_equal(SPACE_NOTHING, space.at_lock);
	assert_kind(1, &space, COW);
	assert_int_equal(0, fault(AT + 2 * P, VM_PROT_WRITE));
	assert_int_equal(SPACE_OPEN, space.at_lock);
	assert_int_equal(-1, fake_load(AT - P));
	assert_int_equal(VM_SEGV_MAPERR, rig_outcome);
	assert_int_equal(SPACE_NOTHING, space.at_lock);
	end();
}

/* Without memory for readers, faults take the lock, as before. */
TEST(no_memory_for_readers)
{
	start();
	alloc_fail_at = 1;
	space_share(&space);
	assert_int_equal(0, alloc_fail_at);
	assert_null(space.readers);
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(SPACE_NOTHING, space.at_lock);
	end();
}

static void share_first(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_SPACE)
		return;
	interleave_hook = NULL;
	space_share(&space);
}

TEST(one_of_two_shares_it)
{
	struct space_reader *readers;

	start();
	interleave_hook = share_first;
	space_share(&space);
	assert_null(interleave_hook);
	readers = space.readers;
	assert_non_null(readers);
	space_share(&space);
	assert_ptr_equal(readers, space.readers);
	end();
}

static void close_it(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_SPACE)
		return;
	interleave_hook = NULL;
	space_lock(&space);
	space_unlock(&space);
}

/* Another thread closes the space when a fault has seen it open. */
TEST(closed_when_a_reader_enters)
{
	start_open();
	interleave_hook = close_it;
	assert_null(space_enter(&space));
	assert_null(interleave_hook);
	assert_int_equal(0, arch_preempt()->count);
	assert_int_equal(SPACE_NOTHING, space.at_lock);
	assert_null(space_enter(&space));
	assert_int_equal(0, fault(AT + P, VM_PROT_WRITE));
	assert_int_equal(SPACE_OPEN, space.at_lock);
	interleave_hook = close_it;
	assert_null(space_lock_open(&space));
	assert_null(interleave_hook);
	assert_false(spin_lock_held(&space.lock));
	assert_null(space_lock_open(&space));
	interleave_hook = close_it;
	assert_int_equal(0, fake_store(AT + 2 * P, 1));
	space_count(&space);
	assert_int_equal(3, space.resident);
	end();
}

/* fork finds what readers have filled, and owes one fence for all that it has copied. */
TEST(open_spaces_fork)
{
	struct space child;

	start_open();
	for (unsigned i = 1; i < PAGES; i++)
		assert_int_equal(0, fake_store(AT + i * P, (uint8_t)i));
	assert_int_equal(SPACE_OPEN, space.at_lock);
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	assert_int_equal(SPACE_NOTHING, space.at_lock);
	assert_int_equal(PAGES, space.resident);
	assert_int_equal(PAGES, child.resident);
	assert_null(child.readers);
	rig_check();
	assert_int_equal(0, fake_store(AT + 3 * P, 99));
	rig_run(&child);
	assert_int_equal(3, fake_load(AT + 3 * P));
	rig_destroy(&child);
	rig_run(&space);
	end();
}

/* So many pages are filled; returns how many fences it takes to unmap them. */
static uint64_t fences_of_unmap(size_t npages)
{
	uint64_t before;

	map(AT + GIB, npages, RW);
	for (size_t i = 0; i < npages; i++)
		assert_int_equal(0, fake_store(AT + GIB + i * P, 1));
	before = fake_counts.flushes;
	assert_int_equal(0, vm_unmap(&space, AT + GIB, npages * P));
	rig_check();
	return fake_counts.flushes - before;
}

/* Where a fence disturbs other harts, one is for all pages of a leaf table. */
TEST(few_fences_where_threads_share)
{
	uint64_t alone;

	start_open();
	alone = fences_of_unmap(256);
	assert_true(alone >= 256 / 64);
	hart_several = true;
	assert_int_equal(1, fences_of_unmap(256));
	assert_int_equal(1, fences_of_unmap(8));
	end();
}

static struct page *hoard[2048];

/* Without a frame to note so many pages in, there are as many fences as for one thread. */
TEST(more_fences_without_a_frame)
{
	unsigned n = 0;
	uint64_t before;

	start_open();
	hart_several = true;
	map(AT + GIB, 256, RW);
	for (size_t i = 0; i < 256; i++)
		assert_int_equal(0, fake_store(AT + GIB + i * P, 1));
	while ((hoard[n] = page_alloc(0, PAGE_KERNEL, PAGE_OPTIONAL)))
		n++;
	before = fake_counts.flushes;
	assert_int_equal(0, vm_unmap(&space, AT + GIB, 256 * P));
	assert_true(fake_counts.flushes - before >= 256 / 64);
	while (n > 0)
		page_put(hoard[--n]);
	end();
}
