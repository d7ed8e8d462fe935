/* SPDX-License-Identifier: MIT */
/* Numbers of 9P fids: none is given out while it is in use, however many were before. */
#include "lib/p9/p9.h"
#include "linux/fs/p9/fid_numbers.h"
#include "tests/host/lib/test.h"

#define LAST (P9_NOFID - 1) /* the highest number that there is */

static struct p9_fid_numbers numbers;
static struct p9_fid_number number[100];

static uint32_t take(unsigned i)
{
	return p9_fid_number_take(&numbers, &number[i]);
}

/* As after that many fids, of which none is in use. */
static void start_at(uint32_t next)
{
	p9_fid_numbers_init(&numbers);
	numbers.next = next;
}

TEST(numbers_are_given_in_turn)
{
	start_at(0);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(i, take(i));
	p9_fid_number_give(&number[3]);
	p9_fid_number_give(&number[9]);
	assert_int_equal(10, take(3));
	assert_int_equal(11, take(9));
}

TEST(no_fid_is_not_given)
{
	start_at(LAST);
	assert_int_equal(LAST, take(0));
	assert_int_equal(0, take(1));
	assert_int_equal(1, take(2));
}

/* R142: files that stay open keep their fids, while 2^32 others come and go. */
TEST(numbers_in_use_are_passed_over)
{
	start_at(0);
	for (unsigned i = 0; i < 8; i++)
		take(i);
	p9_fid_number_give(&number[0]);
	p9_fid_number_give(&number[4]);
	numbers.next = LAST;
	assert_int_equal(LAST, take(8));
	assert_int_equal(0, take(0));
	assert_int_equal(4, take(4));
	p9_fid_number_give(&number[6]); /* 5 and 7 are still in use */
	assert_int_equal(6, take(6));
	assert_int_equal(8, take(9));
	numbers.next = LAST; /* and once more: LAST is in use, as are 0 to 8 */
	assert_int_equal(9, take(10));
	assert_int_equal(10, take(11));
}

/* Among numbers close to the wrap, with some of them in use for long, none is given out twice. */
TEST(no_number_is_given_twice)
{
	uint32_t seed = 1;

	start_at(0);
	for (unsigned i = 0; i < 100; i++)
		take(i);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (seed = seed * 1103515245 + 12345) >> 16;

		i = i % 4 ? i % 100 : i % 7; /* some are given back often, others seldom */
		p9_fid_number_give(&number[i]);
		if (numbers.next == 200) /* nearly round */
			numbers.next = P9_NOFID - 50;
		take(i);
		for (unsigned other = 0; other < 100; other++)
			assert_true(other == i || number[other].value != number[i].value);
		assert_int_not_equal(P9_NOFID, number[i].value);
	}
}
