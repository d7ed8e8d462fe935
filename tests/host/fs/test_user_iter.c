/* SPDX-License-Identifier: MIT */
/* Copies to and from the segments of a readv or writev: where they end, and what is left; and the arithmetic of lseek. */
#include <string.h>

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "desc/file.h"
#include "desc/seek.h"
#include "desc/user_iter.h"
#include "fake.h"
#include "tree.h"
#include "tests/host/mm/user_memory.h"

#define PAGES 16
#define END   (USER_START + PAGES * PAGE_SIZE)

static const char text[] = "abcdefghijklmnop";

/* Three segments of 4, 0 and 8 bytes in two pages. */
static const struct abi_iovec segments[] = {
	{ .base = USER_START + 100, .len = 4 },
	{ .base = USER_START, .len = 0 },
	{ .base = USER_START + PAGE_SIZE - 3, .len = 8 },
};

static struct user_iter all_segments(void)
{
	return (struct user_iter){ .left = 12, .next = segments, .nnext = 3 };
}

static void start(void)
{
	tree_start();
	for (unsigned i = 0; i < 12; i++)
		*user_memory_at(i < 4 ? USER_START + 100 + i : USER_START + PAGE_SIZE - 7 + i) =
			'.';
}

static void assert_memory(const char *first, const char *second)
{
	for (unsigned i = 0; first[i]; i++)
		assert_int_equal(first[i], *user_memory_at(USER_START + 100 + i));
	for (unsigned i = 0; second[i]; i++)
		assert_int_equal(second[i], *user_memory_at(USER_START + PAGE_SIZE - 3 + i));
}

TEST(segments_are_filled_one_after_the_other)
{
	struct user_iter iter = all_segments();
	char back[16] = "";

	start();
	assert_int_equal(3, user_iter_copy_out(&iter, text, 3));
	assert_memory("abc.", "........");
	assert_int_equal(9, iter.left);
	assert_int_equal(1, user_iter_span(&iter));
	assert_int_equal(5, user_iter_copy_out(&iter, text + 3, 5));
	assert_memory("abcd", "efgh....");
	assert_int_equal(4, user_iter_copy_out(&iter, text + 8, 100)); /* there is no more room */
	assert_memory("abcd", "efghijkl");
	assert_int_equal(0, iter.left);
	assert_int_equal(0, user_iter_span(&iter));
	iter = all_segments();
	assert_int_equal(6, user_iter_copy_in(&iter, back, 6));
	assert_int_equal(6, user_iter_copy_in(&iter, back + 6, 10));
	assert_memory_equal(text, back, 12);
	/* One segment alone. */
	iter = user_iter_one(USER_START + 100, 4);
	assert_int_equal(3, user_iter_copy_in(&iter, back + 12, 3));
	assert_memory_equal("abc", back + 12, 3);
	assert_int_equal(1, iter.left);
}

TEST(all_or_nothing)
{
	struct user_iter iter = all_segments(), before = iter;
	char back[16] = "";

	start();
	assert_int_equal(0, user_iter_try_out(&iter, text, 13)); /* more than there is */
	assert_memory_equal(&before, &iter, sizeof(iter));
	assert_int_equal(12, user_iter_try_out(&iter, text, 12));
	assert_memory("abcd", "efghijkl");
	assert_int_equal(0, iter.left);
	iter = before;
	assert_int_equal(0, user_iter_try_in(&iter, back, 13));
	assert_memory_equal(&before, &iter, sizeof(iter));
	assert_int_equal(2, user_iter_copy_in(&iter, back, 2));
	assert_int_equal(10, user_iter_try_in(&iter, back + 2, 10));
	assert_memory_equal(text, back, 12);
}

/* What is in front of an address that cannot be accessed is copied. */
TEST(memory_that_is_not_there)
{
	const struct abi_iovec ends[] = { { .base = USER_START, .len = 4 },
					  { .base = END - 2, .len = 8 },
					  { .base = USER_START + 8, .len = 4 } };
	const struct user_iter whole = { .left = 16, .next = ends, .nnext = 3 };
	struct user_iter iter = whole;
	char back[16] = "";

	start();
	*user_memory_at(END - 1) = 0;
	assert_int_equal(6, user_iter_copy_out(&iter, text, 16));
	assert_int_equal('f', *user_memory_at(END - 1));
	assert_int_equal(10, iter.left);
	assert_int_equal(END, iter.base);
	iter = whole;
	assert_int_equal(6, user_iter_copy_in(&iter, back, 16));
	assert_memory_equal("abcdef", back, 7);
	iter = whole;
	assert_int_equal(0, user_iter_try_out(&iter, text, 16));
	assert_int_equal(0, user_iter_try_in(&iter, back, 16));
	assert_memory_equal(&whole, &iter, sizeof(iter));
	assert_int_equal(0, user_iter_fault_in(&whole, 6, true));
	assert_int_equal(-EFAULT, user_iter_fault_in(&whole, 7, false));
	assert_int_equal(-EFAULT, user_iter_fault_in(&whole, 7, true));
	iter = user_iter_one(END, 4);
	assert_int_equal(0, user_iter_try_out(&iter, text, 4));
	assert_int_equal(0, user_iter_try_in(&iter, back, 4));
	assert_int_equal(4, iter.left);
	/* A segment up to the last address of user memory, and on. */
	iter = user_iter_one(USER_TOP - 3, 10);
	assert_int_equal(3, user_iter_span(&iter));
}

/* Each page is touched once, and no byte of it changes. */
TEST(pages_are_there_after_a_touch)
{
	struct user_iter iter = user_iter_one(USER_START + 4 * PAGE_SIZE - 2, PAGE_SIZE + 4);
	uint64_t before;

	tree_start();
	user_memory_end();
	user_memory_start(USER_START, PAGES);
	before = fake_counts.faults;
	assert_int_equal(0, user_iter_fault_in(&iter, PAGE_SIZE + 4, true));
	assert_int_equal(before + 3, fake_counts.faults);
	assert_int_equal(0, user_iter_fault_in(&iter, PAGE_SIZE + 4, false));
	assert_int_equal(before + 3, fake_counts.faults);
	assert_int_equal(0, *user_memory_at(USER_START + 4 * PAGE_SIZE - 2));
}

TEST(memory_of_the_kernel)
{
	char buffer[8] = "........", back[8] = "";
	struct user_iter iter = user_iter_kernel(buffer, 6);

	assert_int_equal(0, user_iter_fault_in(&iter, 6, true));
	assert_int_equal(4, user_iter_copy_out(&iter, text, 4));
	assert_int_equal(2, user_iter_try_out(&iter, text + 4, 100));
	assert_memory_equal("abcdef..", buffer, 8);
	assert_int_equal(0, iter.left);
	iter = user_iter_kernel(buffer, 6);
	assert_int_equal(1, user_iter_try_in(&iter, back, 1));
	assert_int_equal(5, user_iter_copy_in(&iter, back + 1, 100));
	assert_memory_equal("abcdef\0", back, 8);
}

TEST(positions)
{
	struct file file = { .pos = 10 };

	assert_int_equal(15, file_seek_within(&file, 100, 5, SEEK_CUR));
	assert_int_equal(15, file.pos);
	assert_int_equal(-EINVAL, file_seek_within(&file, 100, -16, SEEK_CUR));
	assert_int_equal(0, file_seek_within(&file, 100, -15, SEEK_CUR));
	assert_int_equal(200, file_seek_within(&file, 100, 100, SEEK_END)); /* behind the end */
	assert_int_equal(0, file_seek_within(&file, 100, -100, SEEK_END));
	assert_int_equal(-EINVAL, file_seek_within(&file, 100, -101, SEEK_END));
	assert_int_equal(7, file_seek_within(&file, 100, 7, SEEK_SET));
	assert_int_equal(-EINVAL, file_seek_within(&file, 100, INT64_MAX, SEEK_CUR));
	assert_int_equal(99, file_seek_within(&file, 100, 99, SEEK_DATA));
	assert_int_equal(-ENXIO, file_seek_within(&file, 100, 100, SEEK_DATA));
	assert_int_equal(-ENXIO, file_seek_within(&file, 100, -1, SEEK_DATA));
	assert_int_equal(100, file_seek_within(&file, 100, 0, SEEK_HOLE));
	assert_int_equal(100, file_seek_within(&file, 100, 99, SEEK_HOLE));
	assert_int_equal(-ENXIO, file_seek_within(&file, 100, 100, SEEK_HOLE));
	assert_int_equal(-ENXIO, file_seek_within(&file, 100, -1, SEEK_HOLE));
	assert_int_equal(-EINVAL, file_seek_within(&file, 100, 0, 99));
	assert_int_equal(100, file.pos);
}
