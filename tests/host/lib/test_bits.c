/* SPDX-License-Identifier: MIT */
/* Small arithmetic at its edges. */
#include "lib/bits.h"
#include "test.h"

struct outer {
	char before;
	uint64_t inner;
};

TEST(alignment)
{
	assert_int_equal(0, ALIGN_UP(0ul, 4096));
	assert_int_equal(4096, ALIGN_UP(1ul, 4096));
	assert_int_equal(4096, ALIGN_UP(4096ul, 4096));
	assert_int_equal(4096, ALIGN_DOWN(8191ul, 4096));
	/* The alignment's type must not cut the number's upper half off. */
	assert_int_equal(0x12345678000ul, ALIGN_DOWN(0x123456789abul, 4096u));
	assert_int_equal(0x123456789b0ul, ALIGN_UP(0x123456789abul, 16));
	assert_true(IS_ALIGNED(0x100000000ul, 4096u));
	assert_false(IS_ALIGNED(0x100000001ul, 2));
}

TEST(min_and_max)
{
	int calls = 0;

	assert_int_equal(3, MIN(3, 4));
	assert_int_equal(-3, MAX(-3, -4));
	assert_int_equal(2, MIN(MIN(5, 4), MAX(1, 2)));
	assert_int_equal(7, MAX(calls++, 7));
	assert_int_equal(1, calls);
}

TEST(bit_numbers)
{
	for (unsigned n = 0; n < 64; n++) {
		assert_int_equal(n, bit_lowest(BIT(n)));
		assert_int_equal(n, bit_highest(BIT(n)));
		assert_int_equal(n, bit_lowest(UINT64_MAX << n));
		assert_int_equal(n, bit_highest(UINT64_MAX >> (63 - n)));
		assert_true(is_power_of_2(BIT(n)));
	}
	assert_false(is_power_of_2(0));
	assert_false(is_power_of_2(6));
}

TEST(overflow)
{
	uint64_t x;

	assert_false(add_overflows(UINT64_MAX, 0, &x));
	assert_true(add_overflows(UINT64_MAX, 1, &x));
	assert_false(mul_overflows(1ul << 32, (1ul << 32) - 1, &x));
	assert_int_equal(UINT64_MAX - UINT32_MAX, x);
	assert_true(mul_overflows(1ul << 32, 1ul << 32, &x));
}

TEST(container)
{
	struct outer outer;

	assert_ptr_equal(&outer, container_of(&outer.inner, struct outer, inner));
}
