/* SPDX-License-Identifier: MIT */
/* The kernel's heap: small objects by size class and by type. */
#pragma once

#include "lib/types.h"
#include "mm/check/alloc_site.h"
#include "mm/phys/page_alloc.h"

/*
 * Allocates `size` bytes: from slabs up to SLAB_SIZE_MAX, else whole frames. Returns NULL if there
 * is no memory, which the caller must expect. Never sleeps.
 */
void kfree(void *p); /* p may be NULL */
void *kmalloc_at(size_t size SITE_PARAM) __attribute__((malloc(kfree)));
void *kzalloc_at(size_t size SITE_PARAM) __attribute__((malloc(kfree)));
#define kmalloc(size) kmalloc_at(size SITE_HERE)
#define kzalloc(size) kzalloc_at(size SITE_HERE)

/* Returns how many bytes of memory such an allocation takes. */
size_t kmalloc_size(size_t size);

/* A cache of objects of one type. Define with SLAB_CACHE(name, type). */
struct slab_cache;
void slab_free(struct slab_cache *cache, void *object);
void *slab_alloc_from(struct slab_cache *cache, enum page_alloc_from from) /* not zeroed */
	__attribute__((malloc(slab_free, 2)));

static inline void *slab_alloc(struct slab_cache *cache)
{
	return slab_alloc_from(cache, PAGE_NORMAL);
}

#include "mm/phys/slab.h" /* struct slab_cache, SLAB_CACHE() */
