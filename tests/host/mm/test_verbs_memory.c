/* SPDX-License-Identifier: MIT */
/* The verbs when memory runs out: at each allocation, one at a time. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/object.h"

#define P PAGE_SIZE

/* Each allocation of a verb fails once: an error, nothing changed, nothing leaked. R45 */
static void fail_each(long (*verb)(void))
{
	for (unsigned n = 1;; n++) {
		size_t mapped = space.mapped_bytes, nvmas = space.nvmas, resident = space.resident;
		long result;

		alloc_fail_at = n;
		result = verb();
		if (alloc_fail_at) {
			alloc_fail_at = 0;
			assert_true(result >= 0 && n > 1);
			return;
		}
		assert_int_equal(result, -ENOMEM);
		assert_int_equal(space.mapped_bytes, mapped);
		assert_int_equal(space.nvmas, nvmas);
		assert_int_equal(space.resident, resident);
		rig_check();
	}
}

static long verb_map(void)
{
	return rig_map(&space, AT + P, P, PROT_READ, ANON | MAP_FIXED);
}

static long verb_map_shared(void)
{
	return rig_map(&space, 0, P, RW, MAP_SHARED | MAP_ANONYMOUS);
}

static long verb_unmap(void)
{
	return vm_unmap(&space, AT + 4 * P, P);
}

static long verb_protect(void)
{
	return vm_protect(&space, AT + 7 * P, P, PROT_READ);
}

static long verb_brk(void)
{
	vaddr_t want = space.brk + P;

	return vm_brk(&space, want) == want ? 0 : -ENOMEM;
}

TEST(no_memory) /* R45 */
{
	start();
	rig_map(&space, AT, 10 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	fail_each(verb_map);
	fail_each(verb_map_shared);
	fail_each(verb_unmap);
	fail_each(verb_protect);
	fail_each(verb_brk);
	end();
}

TEST(no_memory_for_a_space) /* R45 */
{
	struct space other;
	size_t before;

	start();
	before = rig_free();
	for (unsigned n = 1; n <= 2; n++) {
		alloc_fail_at = n;
		assert_int_equal(space_create(&other), -ENOMEM);
		assert_int_equal(rig_free(), before);
	}
	end();
}
