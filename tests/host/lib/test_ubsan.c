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
#define expect_found(statement, what)                                                   \
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
	expect_found(number = number + 1, "2147483647 + 1 does not fit in 'int'");
	number = -2147483647;
	expect_found(number = number - 5, "-2147483647 - 5 does not fit in 'int'");
	expect_found(number = number * 3, "-2147483647 * 3 does not fit in 'int'");
	long_number = (long)(1ul << 63);
	expect_found(long_number = -long_number,
		     "-(-9223372036854775808) does not fit in 'long int'");
	zero = 0;
	expect_found(number = number / zero, "-2147483647 / 0 does not fit in 'int'");
	number = (int)(1u << 31);
	zero = -1;
	expect_found(number = number % zero, "-2147483648 / -1 does not fit in 'int'");
}

TEST(shifts_say_the_distance)
{
	number = 5;
	distance = 32;
	expect_found(number = number << distance, "5 of type 'int' shifted by 32");
	zero = -1;
	expect_found(number = number >> zero, "5 of type 'int' shifted by -1");
}

TEST(an_index_says_the_array)
{
	index_of = 4;
	expect_found(array[index_of] = 1, "index 4 of 'int [4]'");
	number = -2;
	expect_found(array[number] = 1, "index -2 of 'int [4]'");
}

TEST(accesses_say_the_address)
{
	volatile uint64_t *volatile word = (volatile uint64_t *)(bytes + 4);
	char said[64];

	snprintf(said, sizeof(said), "%#lx, misaligned for ", (unsigned long)word);
	expect_found(*word = 1, said);
	expect_found(number = (int)*word, "load from address 0x");
	word = NULL;
	expect_found(*word = 1, "store to address 0, null as ");
}

TEST(pointers_that_wrap_are_found)
{
	char *volatile pointer = (char *)8;
	volatile size_t far = 16;

	expect_found(pointer = pointer - far, "pointer 0x8 became 0xfffffffffffffff8");
}

TEST(values_of_other_types_are_found)
{
	volatile unsigned char two = 2;

	expect_found(number = *(volatile bool *)&two, "2 is not a value of type '_Bool'");
}

__attribute__((nonnull(1), noinline)) static void wants_something(const void *pointer)
{
	(void)pointer;
}

TEST(null_arguments_are_found)
{
	void *volatile nothing = NULL;

	expect_found(wants_something(nothing), "argument 1 is null");
}

__attribute__((returns_nonnull, noinline)) static void *gives_something(void *volatile what)
{
	return what;
}

TEST(null_results_are_found)
{
	expect_found(gives_something(NULL), "the result is null");
}

TEST(arrays_without_length_are_found)
{
	number = 0;
	expect_found(({
			     char room[number];
			     memset(room, 0, sizeof(room));
			     room[0];
		     }),
		     "an array of 0 elements");
}

TEST(zeros_of_zero_are_found)
{
	distance = 0;
	expect_found(number = __builtin_ctz(distance), "__builtin_clz() or __builtin_ctz() of 0");
}

static void never(int n)
{
	if (n == 0)
		__builtin_unreachable();
}

TEST(the_unreachable_is_found)
{
	zero = 0;
	expect_found(never(zero), "reached __builtin_unreachable()");
}
