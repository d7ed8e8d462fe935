/* SPDX-License-Identifier: MIT */
/* Tests of copies between kernel and user memory: ranges, partial copies, strings. */
#include "memory.h"

#include "abi/errno.h"
#include "arch/page.h"
#include "fake.h"
#include "mm/fault/user_copy.h"
#include "sync/preempt.h"
#include "user_memory.h"

#define USER_PAGES 24

TEST(usercopy_ranges)
{
	vaddr_t last = USER_MEMORY_START + USER_PAGES * PAGE_SIZE;
	char text[32];

	memory_start(2048, NULL, 0);
	user_memory_start(USER_MEMORY_START, USER_PAGES);
	assert_int_equal(0, user_copy_out(USER_MEMORY_START + PAGE_SIZE - 3, "hello", 6));
	assert_int_equal(5, user_copy_string(text, USER_MEMORY_START + PAGE_SIZE - 3, 32));
	assert_string_equal("hello", text);
	assert_int_equal(5, user_copy_string(text, USER_MEMORY_START + PAGE_SIZE - 3, 6));
	assert_int_equal(-ENAMETOOLONG,
			 user_copy_string(text, USER_MEMORY_START + PAGE_SIZE - 3, 5));
	assert_int_equal(-ENAMETOOLONG,
			 user_copy_string(text, USER_MEMORY_START + PAGE_SIZE - 3, 0));
	/* R26: a string that ends just before an unmapped page, and one that does not. */
	assert_int_equal(0, user_copy_out(last - 4, "abc", 4));
	assert_int_equal(3, user_copy_string(text, last - 4, 32));
	assert_int_equal(0, user_copy_out(last - 4, "abcd", 4));
	assert_int_equal(-EFAULT, user_copy_string(text, last - 4, 32));
	assert_int_equal(-EFAULT, user_copy_string(text, USER_TOP, 32));
	assert_int_equal(-EFAULT, user_copy_string(text, 0, 32));
	assert_int_equal(-EFAULT, user_copy_string(text, UINT64_MAX, 32));
	/* R27: kernel addresses and ranges that wrap. */
	assert_int_equal(-EFAULT, user_copy_in(text, UINT64_MAX - 3, 8));
	assert_int_equal(-EFAULT, user_copy_in(text, USER_TOP - 4, 8));
	assert_int_equal(-EFAULT, user_copy_in(text, USER_MEMORY_START, SIZE_MAX));
	assert_int_equal(-EFAULT, user_copy_out(0xffffffff80200000ul, text, 8));
	assert_int_equal(-EFAULT, user_copy_out(0, text, 8));
	assert_int_equal(0, user_copy_out(0, text, 0));
	assert_int_equal(0, user_copy_in(text, 0, 0));
	assert_int_equal(0, user_copy_out_some(0, text, 8));
	assert_int_equal(0, user_copy_out_some(last - 8, text, 0));
	assert_int_equal(0, user_copy_in_some(text, last - 8, 0));
	assert_int_equal(0, user_clear_some(last - 8, 0));
	assert_int_equal(-EFAULT, user_copy_out(last - 5, text, 8));
	assert_int_equal(-EFAULT, user_copy_in(text, last - 5, 8));
	assert_int_equal(5, user_copy_out_some(last - 5, text, 8));
	assert_int_equal(5, user_copy_in_some(text, last - 5, 8));
	assert_int_equal(5, user_clear_some(last - 5, 8));
	assert_int_equal(0, *user_memory_at(last - 5));
	user_memory_end();
}

/* Words, in one access: their faults are served, and what can't be reached is refused. */
TEST(usercopy_words)
{
	const vaddr_t at = USER_MEMORY_START + 8, last = USER_MEMORY_START + USER_PAGES * PAGE_SIZE;
	uint32_t word = 7;

	memory_start(2048, NULL, 0);
	user_memory_start(USER_MEMORY_START, USER_PAGES);
	assert_int_equal(0, user_load_word(&word, at));
	assert_int_equal(0, word);
	assert_int_equal(0, user_cas_word(at, &word, 5));
	assert_int_equal(0, word);
	assert_int_equal(0, user_cas_word(at, &word, 6));
	assert_int_equal(5, word);
	assert_int_equal(0, user_load_word(&word, at));
	assert_int_equal(5, word);
	assert_int_equal(-EFAULT, user_load_word(&word, last));
	assert_int_equal(-EFAULT, user_cas_word(last, &word, 6));
	assert_int_equal(-EFAULT, user_load_word(&word, USER_TOP));
	assert_int_equal(-EFAULT, user_cas_word(USER_TOP, &word, 6));
	assert_int_equal(-EFAULT, user_load_word(&word, 0));
	user_memory_end();
}

/* Whose hart must not be lost has what is at hand: no fault is served for it. */
TEST(usercopy_unpreemptible)
{
	const vaddr_t at = USER_MEMORY_START, border = at + PAGE_SIZE;
	char text[8] = "12345678";
	uint32_t word = 0;
	uint64_t faults;

	memory_start(2048, NULL, 0);
	user_memory_start(USER_MEMORY_START, USER_PAGES);
	assert_int_equal(0, user_copy_out(border - 4, "abc", 4));
	faults = fake_counts.faults;
	preempt_disable();
	assert_int_equal(0, user_copy_in(text, border - 4, 4));
	assert_string_equal("abc", text);
	assert_int_equal(-EFAULT, user_copy_in(text, border - 4, 5));
	assert_int_equal(4, user_copy_in_some(text, border - 4, 8));
	assert_int_equal(4, user_copy_out_some(border - 4, "defghijk", 8));
	assert_int_equal(-EFAULT, user_copy_out(border, text, 1));
	assert_int_equal(1, user_clear_some(border - 1, 8));
	assert_int_equal(-EFAULT, user_copy_string(text, border, 8));
	assert_int_equal(-EFAULT, user_load_word(&word, border));
	assert_int_equal(-EFAULT, user_cas_word(border, &word, 1));
	assert_int_equal(0, user_load_word(&word, border - 4));
	assert_memory_equal("def", &word, 4);
	preempt_enable();
	assert_int_equal(faults, fake_counts.faults);
	assert_int_equal(0, user_load_word(&word, border));
	assert_int_equal(0, word);
	assert_int_equal(faults + 1, fake_counts.faults);
	user_memory_end();
}

/* A word that lies across two pages could be had in two halves: who asks for it is wrong. */
TEST(usercopy_crooked_words)
{
	uint32_t word = 0;

	memory_start(2048, NULL, 0);
	user_memory_start(USER_MEMORY_START, USER_PAGES);
	for (unsigned i = 1; i < 4; i++) {
		assert_true(panics(user_load_word(&word, USER_MEMORY_START + PAGE_SIZE - i)));
		assert_true(panics(user_cas_word(USER_MEMORY_START + PAGE_SIZE - i, &word, 1)));
	}
	user_memory_end();
}

/* The last bytes of the user's range: a string may end there, but not go on. */
TEST(usercopy_at_the_top)
{
	char text[8];

	memory_start(2048, NULL, 0);
	user_memory_start(USER_TOP - PAGE_SIZE, 1);
	assert_int_equal(0, user_copy_out(USER_TOP - 4, "abc", 4));
	assert_int_equal(3, user_copy_string(text, USER_TOP - 4, 8));
	assert_int_equal(0, user_copy_out(USER_TOP - 4, "abcd", 4));
	assert_int_equal(-EFAULT, user_copy_string(text, USER_TOP - 4, 8));
	assert_int_equal(-ENAMETOOLONG, user_copy_string(text, USER_TOP - 4, 4));
	assert_int_equal(-EFAULT, user_copy_out(USER_TOP - 4, "abcde", 5));
	assert_int_equal(0, user_copy_out_some(USER_TOP - 4, "abcde", 5));
	assert_int_equal(0, user_clear_some(USER_TOP - 4, 5));
	assert_int_equal(0, user_copy_in_some(text, USER_TOP - 4, 5));
	user_memory_end();
}
