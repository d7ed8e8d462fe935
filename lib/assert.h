/* SPDX-License-Identifier: MIT */
/* Assertions, and panic(), which stops the kernel when an invariant is broken. */
#pragma once

/*
 * Prints the reason and a backtrace, and stops the machine (base/panic.c). For broken invariants.
 */
void panic(const char *fmt, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

#undef assert

#define assert(x)                                                                      \
	do {                                                                           \
		if (__builtin_expect(!(x), 0))                                         \
			panic("assertion failed: %s (%s:%d)", #x, __FILE__, __LINE__); \
	} while (0)

/* Checked in the hardened build only; the release build does not evaluate x. */
#ifdef FAULTLINE_HARDENED
#define assert_hardened(x) assert(x)
#else
#define assert_hardened(x) ((void)sizeof(!(x)))
#endif

/* For code that can't be reached. */
#define assert_unreachable() panic("reached the unreachable (%s:%d)", __FILE__, __LINE__)
