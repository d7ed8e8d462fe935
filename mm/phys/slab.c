/* SPDX-License-Identifier: MIT */
/* Caches of small objects. */

/*
 * A slab is one frame, divided into objects. Its struct page has the state of the slab: the cache
 * (owner), the free objects (slab_free, linked through their first word) and the number of objects
 * in use (slab_used). Slabs with free objects are on the cache's list; full ones are on no list. A
 * cache keeps one empty slab and returns others to the page allocator. A cache's lock guards its
 * counts, its list and these fields of its slabs.
 */

#include "mm/phys/kmalloc.h"

#include "mm/check/alloc_fail.h"
#include "mm/check/slab_check.h"
#include "mm/phys/page_alloc.h"

#define EMPTY_MAX  1
#define TRIM_PIECE 64u /* slabs that a trim looks at in one hold of the lock */

struct slab_object {
	struct slab_object *next;
};

static struct spinlock caches_lock = SPINLOCK_INIT(LOCK_SLAB);
/* All caches that have been used. Guarded by caches_lock. */
static struct list caches = LIST_INIT(caches);

/* The first use of a cache: works out its layout and adds it to the list. */
static void cache_start(struct slab_cache *cache)
{
	uint32_t align = MAX(cache->align, (uint32_t)sizeof(struct slab_object));

	spin_lock(&caches_lock);
	if (!cache->listed) {
		assert(cache->size <= SLAB_SIZE_MAX);
		cache->stride = ALIGN_UP(MAX(cache->size, (uint32_t)sizeof(void *)), 8u);
		cache->stride = ALIGN_UP(cache->stride + SLAB_REDZONE, align);
		cache->per_slab = PAGE_SIZE / cache->stride;
		list_add_tail(&caches, &cache->link);
		atomic_store(&cache->listed, true);
	}
	spin_unlock(&caches_lock);
}

/* Divides a fresh frame into free objects. */
static void slab_cut(struct slab_cache *cache, struct page *page)
{
	char *base = page_address(page);

	page->owner = cache;
	page_start(page, PAGE_KERNEL, 0, PAGE_SLAB); /* none is in use */
	page->slab_free = NULL;
	for (uint32_t i = cache->per_slab; i-- > 0;) {
		struct slab_object *object = (struct slab_object *)(base + i * cache->stride);

		slab_check_cut(cache, object);
		object->next = page->slab_free;
		page->slab_free = object;
	}
}

/*
 * Returns a slab with a free object, which is on the cache's list, or NULL if out of memory. The
 * caller holds the cache's lock. It is released for the allocation and held again on return.
 */
static struct page *slab_find(struct slab_cache *cache, enum page_alloc_from from)
{
	struct page *page;

	assert_hardened(spin_lock_held(&cache->lock));
	if (!list_empty(&cache->partial))
		return list_first_entry(&cache->partial, struct page, link);
	spin_unlock(&cache->lock);
	if (!atomic_load(&cache->listed))
		cache_start(cache);
	page = page_alloc(0, PAGE_KERNEL, from);
	if (page)
		slab_cut(cache, page);
	spin_lock(&cache->lock);
	if (page) {
		list_add(&cache->partial, &page->link);
		cache->slabs++;
		cache->empty++;
	}
	return page;
}

void *slab_alloc_from(struct slab_cache *cache, enum page_alloc_from from)
{
	struct slab_object *object = NULL;
	struct page *page;

	if (alloc_fails())
		return NULL;
	spin_lock(&cache->lock);
	page = slab_find(cache, from);
	if (page) {
		object = page->slab_free;
		page->slab_free = object->next;
		cache->empty -= page->slab_used == 0;
		page->slab_used++;
		cache->used++;
		if (!page->slab_free)
			list_del(&page->link);
	}
	spin_unlock(&cache->lock);
	if (object)
		slab_check_alloc(cache, object);
	return object;
}

void slab_free(struct slab_cache *cache, void *p)
{
	struct slab_object *object = p;
	struct page *page = virt_to_page(p), *spent = NULL;

	slab_check_free(cache, page, p);
	spin_lock(&cache->lock);
	if (!page->slab_free)
		list_add(&cache->partial, &page->link);
	object->next = page->slab_free;
	page->slab_free = object;
	page->slab_used--;
	cache->used--;
	if (page->slab_used == 0 && ++cache->empty > EMPTY_MAX) {
		list_del(&page->link);
		cache->empty--;
		cache->slabs--;
		spent = page;
	}
	spin_unlock(&cache->lock);
	if (spent)
		page_free(spent, 0);
}

/*
 * Looks at the first slabs of a cache's list: moves the empty ones to `spent`, and the others to the
 * end of the list. Returns false if there are no more empty ones. The caller holds the cache's lock.
 */
static bool cache_trim_piece(struct slab_cache *cache, struct list *spent)
{
	struct list *link;

	assert_hardened(spin_lock_held(&cache->lock));
	for (unsigned n = 0; n < TRIM_PIECE && cache->empty && (link = list_pop(&cache->partial));
	     n++) {
		if (list_entry(link, struct page, link)->slab_used) {
			list_add_tail(&cache->partial, link);
			continue;
		}
		list_add(spent, link);
		cache->empty--;
		cache->slabs--;
	}
	return cache->empty != 0;
}

/* Looks at as many slabs as there are, so that it ends although other threads use the cache. */
static void cache_trim(struct slab_cache *cache, struct list *spent)
{
	size_t left = atomic_load_relaxed(&cache->slabs);
	bool more = true;

	while (more) {
		spin_lock(&cache->lock);
		more = cache_trim_piece(cache, spent) && left > TRIM_PIECE;
		spin_unlock(&cache->lock);
		left -= TRIM_PIECE;
	}
}

/*
 * Returns the cache after this one in the list (the first for NULL), or NULL at the end. Caches
 * never leave the list.
 */
static struct slab_cache *cache_next(const struct slab_cache *cache)
{
	struct list *link;

	spin_lock(&caches_lock);
	link = cache ? cache->link.next : caches.next;
	spin_unlock(&caches_lock);
	return link == &caches ? NULL : list_entry(link, struct slab_cache, link);
}

void slab_trim(void)
{
	struct list spent = LIST_INIT(spent), *link;

	for (struct slab_cache *cache = cache_next(NULL); cache; cache = cache_next(cache))
		cache_trim(cache, &spent);
	while ((link = list_pop(&spent)))
		page_free(list_entry(link, struct page, link), 0);
}

/* Does a slab on the list agree with its struct page? The caller holds the cache's lock. */
static bool slab_sound(const struct slab_cache *cache, const struct page *page)
{
	uint32_t free = 0;

	assert_hardened(spin_lock_held(&cache->lock));
	if (page_kind(page) != PAGE_KERNEL || !page_has(page, PAGE_SLAB) || page->owner != cache)
		return false;
	for (struct slab_object *o = page->slab_free; o && free <= cache->per_slab; o = o->next)
		free++;
	return free + page->slab_used == cache->per_slab && free > 0;
}

static void cache_census(struct slab_cache *cache, struct slab_census *ret)
{
	struct page *page;
	size_t partial = 0, used = 0;

	spin_lock(&cache->lock);
	list_for_each_entry(page, &cache->partial, link) {
		partial++;
		used += page->slab_used;
		ret->faults += !slab_sound(cache, page);
	}
	used += (cache->slabs - partial) * cache->per_slab;
	ret->faults += partial > cache->slabs || used != cache->used;
	ret->slabs += cache->slabs;
	ret->used += cache->used;
	spin_unlock(&cache->lock);
}

void slab_census(struct slab_census *ret)
{
	*ret = (struct slab_census){ 0 };
	for (struct slab_cache *cache = cache_next(NULL); cache; cache = cache_next(cache))
		cache_census(cache, ret);
}

const struct slab_cache *slab_next(const struct slab_cache *cache, struct slab_info *ret)
{
	struct slab_cache *next = cache_next(cache);

	if (!next)
		return NULL;
	spin_lock(&next->lock);
	*ret = (struct slab_info){
		.name = next->name,
		.size = next->size,
		.per_slab = next->per_slab,
		.slabs = next->slabs,
		.used = next->used,
	};
	spin_unlock(&next->lock);
	return next;
}

size_t slab_used(const struct slab_cache *cache)
{
	return atomic_load_relaxed(&cache->used);
}

size_t slab_frames(void)
{
	size_t frames = 0;

	for (struct slab_cache *cache = cache_next(NULL); cache; cache = cache_next(cache))
		frames += atomic_load_relaxed(&cache->slabs);
	return frames;
}
