/* SPDX-License-Identifier: MIT */
/* Memory that is mapped by large entries, for the tests of what happens to them. */
#pragma once

#include "one_space.h"

#include "mm/fault/run.h"
#include "mm/phys/large_page.h"
#include "mm/space/large_entry.h"

#define P     PAGE_SIZE
#define BLOCK MMU_LEAF_ENTRIES /* pages of one block. AT is the first address of one. */

/* A machine with room for several blocks, the same for all turns of a test; memory that is swept is mapped by large entries. */
static inline void begin_large(void)
{
	static bool has_started;

	if (!has_started)
		rig_start(8192);
	has_started = true;
	start_space();
	thp_mode = THP_ALWAYS;
	large_counts = (struct large_counts){ 0 };
	fake_counts = (struct fake_counts){ 0 };
}

static inline void end_large(void)
{
	thp_mode = THP_NEVER;
	end();
}

static inline bool is_large(const struct space *of, vaddr_t va)
{
	return arch_mmu_lookup_large(&of->mmu, va);
}

/* What page i holds at place_of(i). */
static inline unsigned char byte_at(size_t i)
{
	return (unsigned char)(i % 251 + 1);
}

static inline vaddr_t place_of(size_t i)
{
	return AT + i * P + i % P;
}

static inline void write_page(size_t i)
{
	assert_int_equal(0, fake_store(place_of(i), byte_at(i)));
}

static inline void write_range(size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		write_page(i);
}

/* The running space reads what write_page() has left in pages [first, end). */
static inline void check_range(size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		assert_int_equal(byte_at(i), fake_load(place_of(i)));
		assert_int_equal(0, fake_load(AT + i * P + (i + 1) % P));
	}
}

static inline void check_zeros(size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		assert_int_equal(0, fake_load(place_of(i)));
}

/* Memory of so many blocks at AT, each by a large entry, all pages written. */
static inline void map_large(size_t nblocks)
{
	map(AT, nblocks * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, nblocks * BLOCK * P, MADV_HUGEPAGE));
	write_range(0, nblocks * BLOCK);
	assert_int_equal(nblocks, space.large);
	assert_int_equal(nblocks * BLOCK, space.resident);
}

static inline void begin_child(struct space *child)
{
	rig_create(child);
	assert_int_equal(0, vm_fork(&space, child));
}
