/* SPDX-License-Identifier: MIT */
/* In-kernel tests: how one is written. */
#pragma once

#include "lib/string.h"
#include "lib/types.h"

/*
 *	KTEST(fault_has_all_tables) // R17
 *	{
 *		EXPECT_EQ(3, us->space.tables);
 *	}
 *
 * Each runs in the boot thread, a kernel thread, with interrupts on. After each the harness asks
 * the ledger (R111) and compares the number of free frames with what it was before. What needs a
 * process is run in one: ktest_process.h; what calls mm/ directly has ktest_space.h. A test whose
 * name begins with dies_ ends in a panic: see deaths.c.
 */
struct ktest {
	const char *name, *file;
	void (*run)(void);
	bool alone;
};

#define KTEST(test_name) KTEST_OF(test_name, false)

/*
 * A test that takes for granted what is so on one hart only: that a thread which is woken does not run
 * before this one gives way, that nothing changes while this one looks, that this is the boot hart, or that the
 * threads which come by interleave_hook are its own. While it runs, the other harts idle (sched_hold_others()).
 */
#define KTEST_ALONE(test_name) KTEST_OF(test_name, true)

#define KTEST_OF(test_name, alone_)                                                       \
	static void test_name(void);                                                      \
	static const struct ktest ktest_##test_name                                       \
		__attribute__((used, section(".kernel_tests"))) = { #test_name, __FILE__, \
								    test_name, alone_ };  \
	static void test_name(void)

/* Notes a failure and says expected and actual; the test goes on. */
void ktest_fail(const char *file, int line, const char *what, uint64_t expected, uint64_t actual);
void ktest_fail_string(const char *file, int line, const char *what, const char *expected,
		       const char *actual);

/* Reports the test as skipped, for this reason. The test returns after that. */
void ktest_skip(const char *why);

/* A line of diagnostics with the test's result. */
void ktest_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define EXPECT_EQ(expected, actual)                                                      \
	do {                                                                             \
		uint64_t expected_ = (uint64_t)(expected), actual_ = (uint64_t)(actual); \
		if (expected_ != actual_)                                                \
			ktest_fail(__FILE__, __LINE__, #actual, expected_, actual_);     \
	} while (0)

#define EXPECT_TRUE(condition)                                            \
	do {                                                              \
		if (!(condition))                                         \
			ktest_fail(__FILE__, __LINE__, #condition, 1, 0); \
	} while (0)

#define EXPECT_STR(expected, actual)                                                      \
	do {                                                                              \
		if (strcmp(expected, actual) != 0)                                        \
			ktest_fail_string(__FILE__, __LINE__, #actual, expected, actual); \
	} while (0)

/* Ends the test where going on makes no sense. */
#define ASSERT_TRUE(condition)                                            \
	do {                                                              \
		if (!(condition)) {                                       \
			ktest_fail(__FILE__, __LINE__, #condition, 1, 0); \
			return;                                           \
		}                                                         \
	} while (0)

/* Lets all other threads run until they sleep or exit, and reaps these. None may run for ever. */
void ktest_settle(void);

/* Draws by lot, from the command line's seed. */
uint64_t ktest_random(void);
