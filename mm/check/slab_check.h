/* SPDX-License-Identifier: MIT */
/* The hardened build's checks of slab objects: poison, red zones, double frees. */
#pragma once

#include "mm/phys/page.h"
#include "mm/phys/slab.h"

#ifdef FAULTLINE_HARDENED

#define SLAB_REDZONE 8u /* bytes behind each object: they say whether it is in use */

void slab_check_cut(const struct slab_cache *cache, void *object);
void slab_check_alloc(const struct slab_cache *cache, void *object);
void slab_check_free(const struct slab_cache *cache, const struct page *page, void *object);
/* A new object is of that site (mm/check/alloc_site.h). */
void slab_check_note(void *object, uint32_t site);

/* For the ledger: visits each object of the cache that is in use. Nothing else runs meanwhile. */
void slab_visit(const struct slab_cache *cache, void (*visit)(void *object, void *arg), void *arg);

/* The object that p points into, as a range; the byte at p alone if that is no object of a slab. */
struct slab_range {
	uintptr_t start, end;
};
struct slab_range slab_range_of(const void *p);

#else

#define SLAB_REDZONE 0u

static inline void slab_check_cut(const struct slab_cache *cache, void *object)
{
	(void)cache, (void)object;
}

static inline void slab_check_alloc(const struct slab_cache *cache, void *object)
{
	(void)cache, (void)object;
}

static inline void slab_check_free(const struct slab_cache *cache, const struct page *page,
				   void *object)
{
	(void)cache, (void)page, (void)object;
}

#endif
