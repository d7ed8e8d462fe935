/* SPDX-License-Identifier: MIT */
/* A reference count; dropping the last reference frees the object. */
#pragma once

#include "lib/assert.h"
#include "lib/types.h"

struct refcount {
	uint32_t n;
};

/* No object has more. The poison of freed memory (mm/check/poison.h) is a larger number. */
#define REFCOUNT_MOST (1u << 30)

/*
 * Stops the kernel if an object with so many references cannot have them: none, or more than INT32_MAX, which is one
 * comparison of a signed number.
 */
static inline void refcount_check(uint32_t before)
{
	assert((int32_t)before > 0);
	assert_hardened(before <= REFCOUNT_MOST);
}

#define REFCOUNT_INIT(count) \
	{                    \
		(count)      \
	}

static inline void refcount_init(struct refcount *r, uint32_t n)
{
	__atomic_store_n(&r->n, n, __ATOMIC_RELAXED);
}

/* For reports and assertions: it may change at any time. */
static inline uint32_t refcount_read(const struct refcount *r)
{
	return __atomic_load_n(&r->n, __ATOMIC_RELAXED);
}

/*
 * Are there references besides the caller's? If it returns false, all that the others wrote before they dropped theirs is
 * visible, and only the caller can take another.
 */
static inline bool refcount_is_shared(const struct refcount *r)
{
	return __atomic_load_n(&r->n, __ATOMIC_ACQUIRE) > 1;
}

/* Takes a reference. The caller has one already, or holds a lock that keeps one alive. */
static inline void refcount_get(struct refcount *r)
{
	refcount_check(__atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED));
}

/*
 * Takes a reference as refcount_get() does, but checks only in the hardened build, because the check costs two
 * instructions. For what every fork and exit counts: files, memory objects, credentials, images and address spaces.
 */
static inline void refcount_get_fast(struct refcount *r)
{
	uint32_t before = __atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED);

	assert_hardened(before != 0 && before <= REFCOUNT_MOST);
	(void)before;
}

/* Takes n references, as refcount_get(). */
static inline void refcount_get_many(struct refcount *r, uint32_t n)
{
	refcount_check(__atomic_fetch_add(&r->n, n, __ATOMIC_RELAXED));
}

/* Takes a reference. Returns false if none is left: the object is being freed. */
static inline bool refcount_get_unless_zero(struct refcount *r)
{
	uint32_t n = refcount_read(r);

	while (n != 0) {
		refcount_check(n);
		if (__atomic_compare_exchange_n(&r->n, &n, n + 1, true, __ATOMIC_ACQUIRE,
						__ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

/*
 * Drops a reference. Returns true if it was the last: all that the others wrote is visible, and the
 * caller frees the object.
 */
static inline bool refcount_put(struct refcount *r)
{
	uint32_t before = __atomic_fetch_sub(&r->n, 1, __ATOMIC_ACQ_REL);

	refcount_check(before);
	return before == 1;
}

/* Drops a reference as refcount_put() does, but checks only in the hardened build. */
static inline bool refcount_put_fast(struct refcount *r)
{
	uint32_t before = __atomic_fetch_sub(&r->n, 1, __ATOMIC_ACQ_REL);

	assert_hardened(before != 0 && before <= REFCOUNT_MOST);
	return before == 1;
}

/* Drops n references. Returns true if they were the last. */
static inline bool refcount_put_many(struct refcount *r, uint32_t n)
{
	uint32_t before = __atomic_fetch_sub(&r->n, n, __ATOMIC_ACQ_REL);

	refcount_check(before);
	assert(before >= n);
	return before == n;
}
