/* SPDX-License-Identifier: MIT */
/* What the host tests of lib, sync and base share: cmocka, random numbers, expected panics. */
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

/* Runs the tests of one subject and prints TAP. Returns the exit status. */
#define test_group(name, tests)                    \
	(cmocka_set_message_output(CM_OUTPUT_TAP), \
	 cmocka_run_group_tests_name(name, tests, NULL, NULL))
