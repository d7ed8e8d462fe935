/* SPDX-License-Identifier: MIT */
/* A cache of objects of one size, carved out of single frames. */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "sync/spinlock.h"

#define SLAB_SIZE_MAX 2048

#define SLAB_LINE 64 /* bytes of a cache line: harts that use two caches write to no common one */

struct slab_cache {
	struct spinlock lock;
	/* guarded by lock: */
	unsigned empty;	     /* how many slabs of `partial` have no object in use */
	struct list partial; /* slabs with free objects */
	size_t slabs, used;  /* full slabs included; objects in use */

	const char *name;
	uint32_t size;	 /* of an object; const */
	uint32_t align;	 /* const */
	uint32_t stride; /* from one object to the next; set at the first use */
	uint32_t per_slab;
	/* guarded by the lock of the list of all caches: */
	bool listed;
	struct list link;
} __attribute__((aligned(SLAB_LINE)));

#define SLAB_CACHE_INIT(cache, name_, size_, align_)                                     \
	{                                                                                \
		.name = (name_), .size = (size_), .align = (align_),                     \
		.lock = SPINLOCK_INIT(LOCK_SLAB), .partial = LIST_INIT((cache).partial), \
		.link = LIST_INIT((cache).link),                                         \
	}

/* Defines a cache of objects of `type`; `static` may stand before it. */
#define SLAB_CACHE(cache, type)                                                                \
	struct slab_cache cache = SLAB_CACHE_INIT(cache, #type, sizeof(type), _Alignof(type)); \
	_Static_assert(sizeof(type) <= SLAB_SIZE_MAX, #type " is too large for a slab")

/* Returns the empty slabs of all caches to the page allocator. */
void slab_trim(void);

/* For the ledger: the slabs of all caches, their objects in use, and the inconsistencies found. */
struct slab_census {
	size_t slabs, used, faults;
};
void slab_census(struct slab_census *ret);
/* One cache. The name is that of its type, or "kmalloc-" and its size. */
struct slab_info {
	const char *name;
	uint32_t size, per_slab;
	size_t slabs, used; /* objects in use */
};
/*
 * Fills in what the cache behind `cache`, the first for NULL, has at this moment. Returns that cache, or
 * NULL if there are no more.
 */
const struct slab_cache *slab_next(const struct slab_cache *cache, struct slab_info *ret);
size_t slab_used(const struct slab_cache *cache); /* objects in use, at this moment */
size_t slab_frames(void); /* frames that are slabs: only the caches are looked at */
