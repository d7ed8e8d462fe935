/* SPDX-License-Identifier: MIT */
/* The kernel's heap: sizes, zeros, refusals, frames given back. */
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/poison.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/relieve.h"
#include "tests/kernel/ktest.h"

struct thing {
	uint64_t words[9];
};

static SLAB_CACHE(thing_cache, struct thing);

#define MANY 200

KTEST(slab_sizes_are_usable_to_the_last_byte)
{
	for (size_t size = 1; size <= 20000; size += size / 3 + 1) {
		uint8_t *p = kmalloc(size);

		ASSERT_TRUE(p);
		EXPECT_TRUE(IS_ALIGNED((uintptr_t)p, 8));
		memset(p, 0xa5, size);
		kfree(p);
	}
	kfree(NULL);
}

KTEST(slab_zeroed_memory_is_zero_though_used_before)
{
	static const size_t sizes[] = { 8, 100, 1024, 5000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t *p = kmalloc(sizes[i]), bits = 0;

		ASSERT_TRUE(p);
		memset(p, 0xff, sizes[i]);
		kfree(p);
		p = kzalloc(sizes[i]);
		ASSERT_TRUE(p);
		for (size_t at = 0; at < sizes[i]; at++)
			bits |= p[at];
		EXPECT_EQ(0, bits);
		kfree(p);
	}
}

/* R66: objects by the hundred, freed in another order, leave no frame behind */
KTEST(slab_frames_come_back_to_the_last)
{
	static struct thing *things[MANY];
	size_t before;

	mm_trim();
	before = page_alloc_free_count();
	for (unsigned i = 0; i < MANY; i++) {
		things[i] = slab_alloc(&thing_cache);
		ASSERT_TRUE(things[i]);
		things[i]->words[0] = i;
	}
	EXPECT_TRUE(before - page_alloc_free_count() >= MANY * sizeof(struct thing) / PAGE_SIZE);
	for (unsigned i = 0; i < MANY; i++) {
		unsigned at = i * 7 % MANY;

		EXPECT_EQ(at, things[at]->words[0]);
		slab_free(&thing_cache, things[at]);
	}
	mm_trim();
	EXPECT_EQ(before, page_alloc_free_count());
}

/* R66: what is larger than a slab takes whole frames, at once given back */
KTEST(slab_large_sizes_take_whole_frames)
{
	size_t before = page_alloc_free_count();
	void *p = kmalloc(5 * PAGE_SIZE);

	ASSERT_TRUE(p);
	EXPECT_EQ(before - 8, page_alloc_free_count());
	kfree(p);
	EXPECT_EQ(before, page_alloc_free_count());
}

KTEST(slab_absurd_sizes_are_refused)
{
	EXPECT_TRUE(!kmalloc(SIZE_MAX));
	EXPECT_TRUE(!kmalloc(SIZE_MAX - PAGE_SIZE));
	EXPECT_TRUE(!kzalloc(1ul << 40));
}

#ifdef FAULTLINE_HARDENED

/* R45 */
KTEST(slab_out_of_memory_is_an_answer)
{
	struct thing *thing;

	alloc_fail_at = 1;
	thing = slab_alloc(&thing_cache);
	EXPECT_TRUE(!thing);
	alloc_fail_at = 1;
	EXPECT_TRUE(!kmalloc(64));
	alloc_fail_at = 1;
	EXPECT_TRUE(!kmalloc(3 * PAGE_SIZE));
	EXPECT_EQ(0, alloc_fail_at);
}

/* Behind the link of the free list nothing of an object stays readable */
KTEST(slab_objects_are_poison_when_free)
{
	struct thing *keep = slab_alloc(&thing_cache);
	struct thing *volatile thing = slab_alloc(&thing_cache); /* gcc knows slab_free() */

	ASSERT_TRUE(keep && thing);
	memset(thing, 1, sizeof(*thing));
	slab_free(&thing_cache, thing);
	EXPECT_TRUE(!poison_check(thing->words + 1, sizeof(*thing) - sizeof(thing->words[0])));
	slab_free(&thing_cache, keep);
}

#endif
