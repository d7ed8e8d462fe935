/* SPDX-License-Identifier: MIT */
/* The end of the kernel when something is broken that must not be. */
#pragma once

/*
 * Prints why, where and what led there, and stops the machine. For broken invariants only.
 * (base/panic.c)
 */
void panic(const char *fmt, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

#undef assert

#define assert(x)                                                                      \
	do {                                                                           \
		if (__builtin_expect(!(x), 0))                                         \
			panic("assertion failed: %s (%s:%d)", #x, __FILE__, __LINE__); \
	} while (0)

/* Checked in the hardened build only; x is not evaluated in the other. */
#ifdef FAULTLINE_HARDENED
#define assert_hardened(x) assert(x)
#else
#define assert_hardened(x) ((void)sizeof(!(x)))
#endif

/* For a place that can't be reached. */
#define assert_unreachable() panic("reached the unreachable (%s:%d)", __FILE__, __LINE__)
