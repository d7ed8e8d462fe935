/* SPDX-License-Identifier: MIT */
/* The hardened build's checks of slab objects: poison, red zones, double frees. */
#include "mm/check/slab_check.h"

#include "lib/bits.h"
#include "mm/check/alloc_site.h"
#include "mm/check/poison.h"

#ifdef FAULTLINE_HARDENED

#define ZONE_FREE	0xf4eef4eef4eef4eeull
#define ZONE_USED	0x05ed05ed05edull
/* The last 16 bits of a zone in use are the number of who has asked for the object (mm/check/alloc_site.h). */
#define ZONE_SITE_SHIFT 48

/* The object's size, rounded up to whole words. Its red zone follows. */
static size_t words_size(const struct slab_cache *cache)
{
	return ALIGN_UP(MAX((size_t)cache->size, sizeof(void *)), sizeof(uint64_t));
}

static uint64_t *zone_of(const struct slab_cache *cache, void *object)
{
	return (uint64_t *)((char *)object + words_size(cache));
}

static bool is_in_use(const struct slab_cache *cache, void *object)
{
	uint64_t zone = *zone_of(cache, object);

	return zone << 16 >> 16 == ZONE_USED && zone >> ZONE_SITE_SHIFT < ALLOC_SITES_MAX;
}

/* The part of an object that is poisoned: not its first word, which links free objects. */
static void *body_of(void *object)
{
	return (char *)object + sizeof(void *);
}

static size_t body_size(const struct slab_cache *cache)
{
	return words_size(cache) - sizeof(void *);
}

void slab_check_cut(const struct slab_cache *cache, void *object)
{
	poison_fill(body_of(object), body_size(cache));
	*zone_of(cache, object) = ZONE_FREE;
}

/* Is the link in a free object valid: NULL, or another object of the same slab? */
static bool link_is_valid(const struct slab_cache *cache, void *object)
{
	uintptr_t next = *(const uintptr_t *)object;

	return !next || (next >> PAGE_SHIFT == (uintptr_t)object >> PAGE_SHIFT &&
			 (next & PAGE_MASK) % cache->stride == 0);
}

void slab_check_alloc(const struct slab_cache *cache, void *object)
{
	if (*zone_of(cache, object) != ZONE_FREE)
		panic("slab: %s %p was written behind its end while free", cache->name, object);
	if (!link_is_valid(cache, object) || poison_check(body_of(object), body_size(cache)))
		panic("slab: %s %p was written after it was freed", cache->name, object);
	*zone_of(cache, object) = ZONE_USED;
}

void slab_check_free(const struct slab_cache *cache, const struct page *page, void *object)
{
	if (!page || !page_has(page, PAGE_SLAB) || page->owner != cache)
		panic("slab: %p is no %s", object, cache->name);
	if (((uintptr_t)object & PAGE_MASK) % cache->stride)
		panic("slab: %p is not the start of a %s", object, cache->name);
	if (*zone_of(cache, object) == ZONE_FREE)
		panic("slab: %s %p is free already", cache->name, object);
	if (!is_in_use(cache, object))
		panic("slab: %s %p was written behind its end", cache->name, object);
	alloc_site_leave((uint32_t)(*zone_of(cache, object) >> ZONE_SITE_SHIFT));
	slab_check_cut(cache, object);
}

void slab_check_note(void *object, uint32_t site)
{
	/* gcc-analyzer-suppress null-dereference ; an object is in one of our frames */
	const struct slab_cache *cache = virt_to_page(object)->owner;

	*zone_of(cache, object) |= (uint64_t)site << ZONE_SITE_SHIFT;
}

static void visit_slab(const struct slab_cache *cache, const struct page *page,
		       void (*visit)(void *object, void *arg), void *arg)
{
	char *base = page_address(page);

	for (uint32_t i = 0; i < cache->per_slab; i++) {
		void *object = base + i * cache->stride;

		if (is_in_use(cache, object))
			visit(object, arg);
	}
}

UNCHECKED void slab_visit(const struct slab_cache *cache, void (*visit)(void *object, void *arg),
			  void *arg)
{
	for (unsigned i = 0; i < page_segment_count; i++) {
		const struct page *end = page_segments[i].pages + page_segments[i].count;

		for (const struct page *page = page_segments[i].pages; page < end;
		     page = page_next_unchecked(page)) {
			if (page_kind_unchecked(page) == PAGE_KERNEL && page_has(page, PAGE_SLAB) &&
			    page->owner == cache)
				visit_slab(cache, page, visit, arg);
		}
	}
}

struct slab_range slab_range_of(const void *p)
{
	const struct page *page = virt_to_page(p);
	const struct slab_cache *cache;
	uintptr_t start;

	if (!page || !page_has(page, PAGE_SLAB))
		return (struct slab_range){ (uintptr_t)p, (uintptr_t)p + 1 };
	cache = page->owner;
	start = (uintptr_t)p - ((uintptr_t)p & PAGE_MASK) % cache->stride;
	return (struct slab_range){ start, start + cache->size };
}

#endif
