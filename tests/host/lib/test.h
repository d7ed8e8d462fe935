/* SPDX-License-Identifier: MIT */
/* What the host tests share: TEST(), cmocka, random numbers, expected panics. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/types.h"

/*
 * Random numbers that are the same in every run, unless FAULTLINE_SEED in the environment says
 * otherwise.
 */
uint64_t test_random(void);
/* One below n. */
uint64_t test_below(uint64_t n);
/* One below n, k with a probability of about 1 / (k + 1). n is TEST_ZIPF_MAX at most. */
#define TEST_ZIPF_MAX 1024u
unsigned test_zipf(unsigned n);

/* How many steps to take: n, or n times FAULTLINE_SOAK of the environment. */
unsigned test_steps(unsigned n);

/* Reads a whole file into memory that the caller frees; ends the test where that can't be. */
void *test_read_file(const char *path, size_t *size);

/* Is there a panic in the statement? */
#define panics(statement)                                                                       \
	(test_panic_expected = true,                                                            \
	 setjmp(test_panic_jump) == 0 ? ((void)(statement), test_panic_expected = false, false) \
				      : true)
extern bool test_panic_expected;
extern jmp_buf test_panic_jump;
/* What the last expected panic said. */
extern char test_panic_text[256];

/*
 *	TEST(brk_of_zero_asks) // R10
 *	{
 *		assert_int_equal(vm_brk(&space, 0), space.brk);
 *	}
 *
 * Tests run in the order of their file, each in a process of its own, so that the variables of the tested code
 * have their initial values. lib/main.c finds them and prints TAP.
 */
struct host_test {
	const char *name;
	void (*run)(void);
	unsigned line;
};

#define TEST(test_name)                                                                       \
	static void test_##test_name(void);                                                   \
	static const struct host_test host_test_##test_name = { #test_name, test_##test_name, \
								__LINE__ };                   \
	static const struct host_test *const host_test_entry_##test_name                      \
		__attribute__((used, section("host_tests"))) = &host_test_##test_name;        \
	static void test_##test_name(void)

/* The bounds of the section, from the linker. */
extern const struct host_test *const __start_host_tests[], *const __stop_host_tests[];

/* A program may have this function: it is called before each test, in that test's process. */
void test_setup(void) __attribute__((weak));

/* The program's first argument, or NULL. */
extern const char *test_argument;

/* Runs fn as a test in a process of its own, with its report on standard error. */
void isolated_run(void (*fn)(void));

/* Runs the tests of one subject and prints TAP. Returns the exit status. */
#define test_group(name, tests)                    \
	(cmocka_set_message_output(CM_OUTPUT_TAP), \
	 cmocka_run_group_tests_name(name, tests, NULL, NULL))
