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
