/* SPDX-License-Identifier: MIT */
/* A machine for each host test of mm. */
#include "memory.h"

#include "fake.h"
#include "mm/object/page_cache.h"
#include "mm/phys/memmap.h"

void memory_start(size_t nframes, const struct phys_range *reserved, unsigned nreserved)
{
	struct phys_range ram = { FAKE_PHYS_BASE, FAKE_PHYS_BASE + nframes * PAGE_SIZE };

	fake_arena_init(nframes);
	assert_int_equal(0, phys_init(&ram, 1, reserved, nreserved));
	page_cache_init();
}

void memory_start_split(size_t nframes, size_t first)
{
	const struct phys_range ram[] = {
		{ FAKE_PHYS_BASE, FAKE_PHYS_BASE + first * PAGE_SIZE },
		{ FAKE_PHYS_BASE + (first + 1) * PAGE_SIZE, FAKE_PHYS_BASE + nframes * PAGE_SIZE },
	};

	fake_arena_init(nframes);
	assert_int_equal(0, phys_init(ram, 2, NULL, 0));
	page_cache_init();
}
