/* SPDX-License-Identifier: MIT */
/* A count of references; the one who gives back the last frees. */
#pragma once

#include "lib/assert.h"
#include "lib/types.h"

struct refcount {
	uint32_t n;
};

#define REFCOUNT_INIT(count) \
	{                    \
		(count)      \
	}

static inline void refcount_init(struct refcount *r, uint32_t n)
{
	__atomic_store_n(&r->n, n, __ATOMIC_RELAXED);
}

/* For reports and asserts: it may change the next moment. */
static inline uint32_t refcount_read(const struct refcount *r)
{
	return __atomic_load_n(&r->n, __ATOMIC_RELAXED);
}

/* One more. => the caller has a reference already, or a lock that keeps one alive */
static inline void refcount_get(struct refcount *r)
{
	uint32_t before = __atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED);

	assert(before != 0 && before != UINT32_MAX);
}

/* One more unless there is none left. => false: it is being freed */
static inline bool refcount_get_unless_zero(struct refcount *r)
{
	uint32_t n = refcount_read(r);

	while (n != 0) {
		assert(n != UINT32_MAX);
		if (__atomic_compare_exchange_n(&r->n, &n, n + 1, true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* One fewer. => true: it was the last; what the others wrote is visible, and the caller frees */
static inline bool refcount_put(struct refcount *r)
{
	uint32_t before = __atomic_fetch_sub(&r->n, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	return before == 1;
}
