/* SPDX-License-Identifier: MIT */
/* Small arithmetic: alignment, minimum, overflow checks, containers. */
#pragma once

#include "lib/types.h"

#define BIT(n)	      (1UL << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* a is a power of two. */
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a)	 ALIGN_DOWN((x) + ((__typeof__(x))(a)-1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)

/* Each argument is evaluated once, and may use these macros itself. */
#define MIN(a, b)		BITS_PICK(a, b, <, __COUNTER__)
#define MAX(a, b)		BITS_PICK(a, b, >, __COUNTER__)
#define BITS_PICK(a, b, op, id) BITS_PICK_(a, b, op, id)
#define BITS_PICK_(a, b, op, id)                                        \
	({                                                              \
		__typeof__(a) pick_a_##id = (a);                        \
		__typeof__(b) pick_b_##id = (b);                        \
		pick_a_##id op pick_b_##id ? pick_a_##id : pick_b_##id; \
	})

/* The structure of which ptr points to the member. */
#define container_of(ptr, type, member) \
	((type *)((char *)(1 ? (ptr) : &((type *)0)->member) - offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * Leaves out the checks of undefined behaviour that the hardened build adds; they make a loop over
 * a table take five times as long.
 */
#define UNCHECKED __attribute__((no_sanitize("undefined")))

/* Return true if the result does not fit; *ret is meaningless then. */
static inline bool add_overflows(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_add_overflow(a, b, ret);
}

static inline bool mul_overflows(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_mul_overflow(a, b, ret);
}

static inline bool is_power_of_2(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/*
 * Return the number of the lowest and of the highest bit set in x, which is not 0. They are loops,
 * because the base instruction set can't count zeros and there is no libgcc.
 */
static inline unsigned bit_lowest(uint64_t x)
{
	unsigned n = 0;

	for (unsigned step = 32; step != 0; step /= 2) {
		if ((x & ((1UL << step) - 1)) == 0) {
			x >>= step;
			n += step;
		}
	}
	return n;
}

static inline unsigned bit_highest(uint64_t x)
{
	unsigned n = 0;

	for (unsigned step = 32; step != 0; step /= 2) {
		if (x >> step != 0) {
			x >>= step;
			n += step;
		}
	}
	return n;
}
