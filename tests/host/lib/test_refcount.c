/* SPDX-License-Identifier: MIT */
/* Reference counts: the last one out is told, misuse panics. */
#include "lib/refcount.h"
#include "mm/check/poison.h"
#include "test.h"

TEST(get_and_put)
{
	struct refcount r = REFCOUNT_INIT(1);

	assert_false(refcount_is_shared(&r));
	refcount_get(&r);
	assert_int_equal(2, refcount_read(&r));
	assert_true(refcount_is_shared(&r));
	assert_false(refcount_put(&r));
	assert_true(refcount_put(&r));
	assert_int_equal(0, refcount_read(&r));
}

TEST(many_at_once)
{
	struct refcount r = REFCOUNT_INIT(1);

	refcount_get_many(&r, 3);
	assert_int_equal(4, refcount_read(&r));
	assert_false(refcount_put_many(&r, 2));
	assert_true(refcount_put_many(&r, 2));
	assert_true(panics(refcount_get_many(&r, 2)));
	refcount_init(&r, 2);
	assert_true(panics(refcount_put_many(&r, 3)));
}

TEST(get_unless_zero)
{
	struct refcount r;

	refcount_init(&r, 0);
	assert_false(refcount_get_unless_zero(&r));
	assert_int_equal(0, refcount_read(&r));
	refcount_init(&r, 1);
	assert_true(refcount_get_unless_zero(&r));
	assert_int_equal(2, refcount_read(&r));
}

TEST(misuse_panics)
{
	struct refcount r;

	refcount_init(&r, 0);
	assert_true(panics(refcount_get(&r)));
	refcount_init(&r, 0);
	assert_true(panics(refcount_put(&r)));
	refcount_init(&r, 0);
	assert_true(panics(refcount_get_fast(&r)));
	refcount_init(&r, 0);
	assert_true(panics(refcount_put_fast(&r)));
	refcount_init(&r, UINT32_MAX);
	assert_true(panics(refcount_get(&r)));
	refcount_init(&r, 1u << 31);
	assert_true(panics(refcount_get(&r)));
	refcount_init(&r, UINT32_MAX);
	assert_true(panics(refcount_get_unless_zero(&r)));
	/* of an object that was freed: it would be noticed only when that is allocated again */
	refcount_init(&r, (uint32_t)POISON_WORD);
	assert_true(panics(refcount_get(&r)));
	refcount_init(&r, (uint32_t)POISON_WORD);
	assert_true(panics(refcount_put(&r)));
	refcount_init(&r, (uint32_t)POISON_WORD);
	assert_true(panics(refcount_get_fast(&r)));
	refcount_init(&r, (uint32_t)POISON_WORD);
	assert_true(panics(refcount_put_fast(&r)));
}
