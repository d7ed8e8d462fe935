/* SPDX-License-Identifier: MIT */
/* The kernel's handlers of undefined behaviour, called by code that the native compiler checks. */
#include <stdio.h>
#include <string.h>

#include "test.h"

/*
 * This file alone is built with the kernel's -fsanitize, and nothing here links the compiler's own
 * library: every check ends in base/ubsan.c.
 */

static volatile int number, zero;
static volatile unsigned index_of, distance;
static volatile long long_number;
static int array[4];
static char bytes[16] __attribute__((aligned(8)));

/* What was found; it must say where. */
#define expect_found(what, statement)                                                   \
	do {                                                                            \
		assert_true(panics(statement));                                         \
		if (!strstr(test_panic_text, what))                                     \
			fail_msg("expected \"%s\", got \"%s\"", what, test_panic_text); \
		assert_non_null(strstr(test_panic_text, "undefined behaviour: "));      \
		assert_non_null(strstr(test_panic_text, "test_ubsan.c:"));              \
	} while (0)

TEST(overflows_say_the_sum)
{
	number = 2147483647;
	expect_found("2147483647 + 1 does not fit in 'int'", number = number + 1);
	number = -2147483647;
	expect_found("-2147483647 - 5 does not fit in 'int'", number = number - 5);
	expect_found("-2147483647 * 3 does not fit in 'int'", number = number * 3);
	long_number = (long)(1ul << 63);
	expect_found("-(-9223372036854775808) does not fit in 'long int'",
		     long_number = -long_number);
	zero = 0;
	expect_found("-2147483647 / 0 does not fit in 'int'", number = number / zero);
	number = (int)(1u << 31);
	zero = -1;
	expect_found("-2147483648 / -1 does not fit in 'int'", number = number % zero);
}

TEST(shifts_say_the_distance)
{
	number = 5;
	distance = 32;
	expect_found("5 of type 'int' shifted by 32", number = number << distance);
	zero = -1;
	expect_found("5 of type 'int' shifted by -1", number = number >> zero);
}

TEST(an_index_says_the_array)
{
	index_of = 4;
	expect_found("index 4 of 'int [4]'", array[index_of] = 1);
	number = -2;
	expect_found("index -2 of 'int [4]'", array[number] = 1);
}

TEST(accesses_say_the_address)
{
	volatile uint64_t *volatile word = (volatile uint64_t *)(bytes + 4);
	char said[64];

	snprintf(said, sizeof(said), "%#lx, misaligned for ", (unsigned long)word);
	expect_found(said, *word = 1);
	expect_found("load from address 0x", number = (int)*word);
	word = NULL;
	expect_found("store to address 0, null as ", *word = 1);
}

TEST(pointers_that_wrap_are_found)
{
	char *volatile pointer = (char *)8;
	volatile size_t far = 16;

	expect_found("pointer 0x8 became 0xfffffffffffffff8", pointer = pointer - far);
}

TEST(values_of_other_types_are_found)
{
	volatile unsigned char two = 2;

	expect_found("2 is not a value of type '_Bool'", number = *(volatile bool *)&two);
}

__attribute__((nonnull(1), noinline)) static void wants_something(const void *pointer)
{
	(void)pointer;
}

TEST(null_arguments_are_found)
{
	void *volatile nothing = NULL;

	expect_found("argument 1 is null", wants_something(nothing));
}

__attribute__((returns_nonnull, noinline)) static void *gives_something(void *volatile what)
{
	return what;
}

TEST(null_results_are_found)
{
	expect_found("the result is null", gives_something(NULL));
}

TEST(arrays_without_length_are_found)
{
	number = 0;
	expect_found("an array of 0 elements", ({
			     char room[number];
			     memset(room, 0, sizeof(room));
			     room[0];
		     }));
}

TEST(zeros_of_zero_are_found)
{
	distance = 0;
	expect_found("__builtin_clz() or __builtin_ctz() of 0", number = __builtin_ctz(distance));
}

static void never(int n)
{
	if (n == 0)
		__builtin_unreachable();
}

TEST(the_unreachable_is_found)
{
	zero = 0;
	expect_found("reached __builtin_unreachable()", never(zero));
}
