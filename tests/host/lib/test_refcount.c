/* SPDX-License-Identifier: MIT */
/* Reference counts: the last one out is told, misuse panics. */
#include "lib/refcount.h"
#include "test.h"

static void test_get_and_put(void **state)
{
	struct refcount r = REFCOUNT_INIT(1);

	(void)state;
	refcount_get(&r);
	assert_int_equal(refcount_read(&r), 2);
	assert_false(refcount_put(&r));
	assert_true(refcount_put(&r));
	assert_int_equal(refcount_read(&r), 0);
}

static void test_get_unless_zero(void **state)
{
	struct refcount r;

	(void)state;
	refcount_init(&r, 0);
	assert_false(refcount_get_unless_zero(&r));
	assert_int_equal(refcount_read(&r), 0);
	refcount_init(&r, 1);
	assert_true(refcount_get_unless_zero(&r));
	assert_int_equal(refcount_read(&r), 2);
}

static void test_misuse_panics(void **state)
{
	struct refcount r;

	(void)state;
	refcount_init(&r, 0);
	assert_true(panics(refcount_get(&r)));
	refcount_init(&r, 0);
	assert_true(panics(refcount_put(&r)));
	refcount_init(&r, UINT32_MAX);
	assert_true(panics(refcount_get(&r)));
	refcount_init(&r, UINT32_MAX);
	assert_true(panics(refcount_get_unless_zero(&r)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_and_put),
		cmocka_unit_test(test_get_unless_zero),
		cmocka_unit_test(test_misuse_panics),
	};

	return test_group("lib-refcount", tests);
}
