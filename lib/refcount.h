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

/* Takes a reference. The caller has one already, or holds a lock that keeps one alive. */
static inline void refcount_get(struct refcount *r)
{
	uint32_t before = __atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED);

	assert(before != 0 && before != UINT32_MAX);
	assert_hardened(before <= REFCOUNT_MOST);
}

/* Takes a reference. Returns false if none is left: the object is being freed. */
static inline bool refcount_get_unless_zero(struct refcount *r)
{
	uint32_t n = refcount_read(r);

	while (n != 0) {
		assert(n != UINT32_MAX);
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

	assert(before != 0);
	assert_hardened(before <= REFCOUNT_MOST);
	return before == 1;
}
