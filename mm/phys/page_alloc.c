/* SPDX-License-Identifier: MIT */
/* The buddy allocator of physical frames. */
/*
 * There is a list of free blocks for each order. A block has 2^order frames, the first of which is
 * marked PAGE_BLOCK. The struct pages of the other frames hold nothing valid; in a block that was never
 * split they were never written. So the time of boot does not depend on the size of memory, and the hart that
 * uses a frame is the first to write its struct page. (The hardened build writes them all, to know which frames are
 * poisoned.)
 *
 * Frames that were freed one by one are singles. They are in the cache of the hart that freed them
 * (mm/phys/frame_cache.h) and are allocated again last in, first out, without the work of merging and
 * splitting. They are merged into blocks when a larger block is asked for, or by page_alloc_trim().
 * Two kinds of free frames are on no list and not counted by nfree: the prezeroed one of each hart (mm/phys/zeroed.h), and those that
 * are reserved (mm/phys/reservation.h).
 *
 * The lock of a list guards its count, and state and link of the frames on it. Frames move between the
 * lists while pool.lock is held, so that its holder can count them all.
 */
#include "mm/phys/page_alloc.h"

#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/host.h"
#include "mm/phys/frame_cache.h"
#include "mm/phys/reservation.h"
#include "mm/phys/zeroed.h"
#include "sync/spinlock.h"

#define REFILL_ORDER 8	 /* the largest block that is split into singles at once */
#define MERGE_BATCH  64u /* singles merged into blocks under one hold of the lock */
#define MOVE_BATCH   32u /* singles that a hart takes from the cache of another one */

/* The watermarks, in reserves. */
#define WATERMARK_LOW  2u
#define WATERMARK_HIGH 3u

/* One struct, so that all of it is reached from one base address. */
static struct {
	struct spinlock lock;
	/* guarded by lock: */
	size_t nfree; /* frames in blocks */
	size_t ntotal, reserve;
	size_t low;	  /* watermark: with no more free frames than this, reclaim begins */
	bool low_is_told; /* page_alloc_low has been woken since the last page_alloc_missing() */
	struct list blocks[PAGE_ORDER_MAX + 1];
	unsigned blocks_ready; /* orders whose list is initialised: all or none */
} pool = { .lock = SPINLOCK_INIT(LOCK_PAGE_ALLOC) };

/* Each is guarded by its lock. */
struct frame_cache frame_caches[HART_MAX] = { [0 ... HART_MAX -
					       1] = { .lock = SPINLOCK_INIT(LOCK_FRAME_CACHE) } };

struct waitq page_alloc_low = WAITQ_INIT(page_alloc_low);

static struct page *page_of(struct list *link)
{
	return list_entry(link, struct page, link);
}

static void single_push(struct list **to, struct page *page)
{
	page_start_free(page, 0, PAGE_SINGLE);
	page->link.next = *to;
	*to = &page->link;
}

static struct page *single_pop(struct list **from)
{
	struct page *page = page_of(*from);

	*from = page->link.next;
	return page;
}

/* Makes the zeroed frames singles if there are no others. Returns false if there are none. Call with the cache's lock held. */
static bool singles_from_zeroed(struct frame_cache *cache)
{
	assert_hardened(spin_lock_held(&cache->lock));
	if (!cache->singles) {
		cache->singles = cache->zeroed;
		cache->zeroed = NULL;
	}
	return cache->singles;
}

/* Takes up to n singles off a cache. Their string ends with NULL. Call with pool.lock held. */
static struct list *singles_detach(struct frame_cache *cache, size_t n, struct list **last,
				   size_t *count)
{
	struct list *first;

	assert_hardened(spin_lock_held(&pool.lock));
	*count = 0;
	spin_lock(&cache->lock);
	(void)singles_from_zeroed(cache);
	first = cache->singles;
	for (struct list *link = first; link && *count < n; link = link->next, ++*count)
		*last = link;
	if (first) {
		cache->singles = (*last)->next;
		(*last)->next = NULL;
	}
	cache->nfree -= *count;
	spin_unlock(&cache->lock);
	return first;
}

/* Adds a string of singles to a cache. */
static void singles_attach(struct frame_cache *cache, struct list *first, struct list *last,
			   size_t count)
{
	spin_lock(&cache->lock);
	last->next = cache->singles;
	cache->singles = first;
	cache->nfree += count;
	spin_unlock(&cache->lock);
}

/* Returns the number of free frames but the prezeroed ones; other harts may allocate and free some meanwhile. Call with pool.lock held. */
static size_t count_free(void)
{
	size_t sum = pool.nfree;

	assert_hardened(spin_lock_held(&pool.lock));
	for (unsigned i = 0; i < hart_count; i++)
		sum += atomic_load_relaxed(&frame_caches[i].nfree);
	return sum;
}

static void block_push(struct page *page, unsigned order)
{
	page_start_free(page, order, PAGE_BLOCK);
	list_add(&pool.blocks[order], &page->link);
}

static void block_remove(struct page *page)
{
	page_start_free(page, 0, 0);
	list_del(&page->link);
}

/* Returns the other half of the block of the next order, if all of it is free; else NULL. */
static struct page *buddy_of(pfn_t pfn, unsigned order)
{
	struct page *buddy = pfn_to_page(pfn ^ (1ul << order));

	if (!buddy || page_kind(buddy) != PAGE_FREE)
		return NULL;
	return page_has(buddy, PAGE_BLOCK) && page_order(buddy) == order ? buddy : NULL;
}

/* Puts a block on its list, after merging it with its buddies as long as they are free. */
static void block_free(struct page *page, unsigned order)
{
	pfn_t pfn = page_to_pfn(page);

	page_start_free(page, 0, 0);
	while (order < PAGE_ORDER_MAX) {
		struct page *buddy = buddy_of(pfn, order);

		if (!buddy)
			break;
		block_remove(buddy);
		pfn &= ~(1ul << order);
		order++;
	}
	block_push(pfn_to_page(pfn), order);
}

/* Takes a block of that order, splitting a larger one if need be. Returns NULL if there is none. */
static struct page *block_take(unsigned order)
{
	unsigned from = order;

	while (from <= PAGE_ORDER_MAX && list_empty(&pool.blocks[from]))
		from++;
	if (from > PAGE_ORDER_MAX)
		return NULL;

	struct page *page = page_of(pool.blocks[from].next);

	block_remove(page);
	while (from > order) {
		from--;
		block_push(page + (1ul << from), from);
	}
	return page;
}

/* What a hart may allocate without a look at the others. It grows with what the hart frees. */
static size_t share_of(const struct frame_cache *cache)
{
	size_t nfree = atomic_load_relaxed(&cache->nfree),
	       floor = atomic_load_relaxed(&cache->floor);

	return nfree > floor ? nfree - floor : 0;
}

/* The hart looks at its next allocation. */
static void share_end(struct frame_cache *cache)
{
	spin_lock(&cache->lock);
	cache->floor = SIZE_MAX;
	spin_unlock(&cache->lock);
}

/*
 * All shares together are no more than what is above the low watermark. Returns the sum of the shares of the other harts, if
 * that is still true with `nfree` free frames; else ends these shares and returns 0. Call with pool.lock held.
 */
static size_t shares_keep(const struct frame_cache *self, size_t nfree)
{
	size_t sum = 0;

	assert_hardened(spin_lock_held(&pool.lock));
	for (unsigned i = 0; i < hart_count; i++)
		if (&frame_caches[i] != self)
			sum += share_of(&frame_caches[i]);
	if (likely(nfree >= pool.low + sum))
		return sum;
	for (unsigned i = 0; i < hart_count; i++)
		if (&frame_caches[i] != self)
			share_end(&frame_caches[i]);
	return 0;
}

/* Gives a hart a share of what no other one has. Call with pool.lock and the cache's lock held. */
static void share_set(struct frame_cache *cache, size_t nfree, size_t others)
{
	size_t share = nfree > pool.low + others ? (nfree - pool.low - others) / hart_count : 0;

	assert_hardened(spin_lock_held(&pool.lock));
	if (share == 0)
		cache->floor = SIZE_MAX;
	else
		cache->floor = cache->nfree > share ? cache->nfree - share : 0;
}

/* Splits a free block into singles, lowest frame first. Returns false if there is none. */
static bool refill_from_block(struct frame_cache *cache)
{
	struct list *next = NULL;
	struct page *page;
	unsigned order = 0;

	while (order < REFILL_ORDER && list_empty(&pool.blocks[order]))
		order++;
	page = block_take(order);
	if (!page)
		return false;
	for (size_t i = 1ul << order; i-- > 0; next = &page[i].link) {
		page_start_free(&page[i], 0, PAGE_SINGLE);
		page[i].link.next = next;
	}
	pool.nfree -= 1ul << order;
	singles_attach(cache, next, &page[(1ul << order) - 1].link, 1ul << order);
	return true;
}

/* Takes singles from another hart's cache. Returns false if there are none. */
static bool refill_from_others(struct frame_cache *cache)
{
	struct list *first, *last;
	size_t count;

	for (unsigned i = 0; i < hart_count; i++) {
		if (&frame_caches[i] == cache)
			continue;
		first = singles_detach(&frame_caches[i], MOVE_BATCH, &last, &count);
		if (first) {
			singles_attach(cache, first, last, count);
			return true;
		}
	}
	return false;
}

/* Brings singles into the cache. Returns false if there are none. */
static bool singles_obtain(struct frame_cache *cache)
{
	bool there_are;

	spin_lock(&cache->lock);
	there_are = singles_from_zeroed(cache);
	spin_unlock(&cache->lock);
	return there_are || refill_from_block(cache) || refill_from_others(cache);
}

/* Merges up to n singles into blocks. Returns false if there was none. */
static bool singles_merge(unsigned n)
{
	struct list *first = NULL, *last;
	size_t count = 0;

	for (unsigned i = 0; i < hart_count && !first; i++)
		first = singles_detach(&frame_caches[i], n, &last, &count);
	pool.nfree += count;
	while (first)
		block_free(single_pop(&first), 0);
	return count;
}

/* Initialises the first frame of an allocation. */
static inline void block_start(struct page *page, unsigned order, enum page_kind kind)
{
	page_check_poison(page, order);
	page->counts = PAGE_ONE_REF;
	page_start(page, kind, order, 0);
	page->owner = NULL;
	page->index = 0;
	list_init(&page->link);
}

/* Initialises the other frames, which may still be poisoned. Call with pool.lock held: page_census() must not find them before. */
static void tails_start(struct page *page, unsigned order, enum page_kind kind)
{
	assert_hardened(spin_lock_held(&pool.lock));
	for (size_t i = 1; i < 1ul << order; i++) {
		page[i].counts = 0;
		page_start(&page[i], kind, 0, PAGE_TAIL | page_poisoned(&page[i]));
	}
}

/* How many free frames the allocation must leave. */
static inline size_t frames_reserved(enum page_alloc_from from)
{
	return from == PAGE_RESERVE ? 0 : pool.reserve;
}

/* Is memory short, and was page_alloc_low not woken yet? Then the caller wakes it. Call with pool.lock held. */
static bool is_low_news(size_t nfree)
{
	bool news = nfree <= pool.low && !pool.low_is_told;

	assert_hardened(spin_lock_held(&pool.lock));
	pool.low_is_told |= news;
	return news;
}

/* Free frames are left in the reserve only: may this allocation use it? */
static bool may_use_reserve(enum page_alloc_from from)
{
	return from == PAGE_NORMAL && mm_host.is_ending();
}

/*
 * For orders above 0. Merges singles, a bounded number at a time, until there is such a block.
 * Not inline: bench row bss_write_fault.
 */
static __attribute__((noinline)) struct page *block_alloc(unsigned order, enum page_kind kind,
							  enum page_alloc_from from)
{
	size_t keep = frames_reserved(from);
	struct page *page = NULL;
	size_t nfree;
	bool tell;

	spin_lock(&pool.lock);
	tell = is_low_news(count_free());
	while ((nfree = count_free()) >= (1ul << order) + keep) {
		(void)shares_keep(NULL, nfree - (1ul << order));
		page = block_take(order);
		if (page || !singles_merge(MERGE_BATCH))
			break;
		spin_unlock(&pool.lock);
		spin_lock(&pool.lock);
	}
	if (page) {
		pool.nfree -= 1ul << order;
		tails_start(page, order, kind);
	}
	spin_unlock(&pool.lock);
	if (tell)
		waitq_wake_all(&page_alloc_low);
	if (!page && (reservations_drop(NULL) || zeroed_drop()))
		return block_alloc(order, kind, from);
	if (!page)
		return may_use_reserve(from) ? block_alloc(order, kind, PAGE_RESERVE) : NULL;
	block_start(page, order, kind);
	return page;
}

/* Returns NULL if the list is empty, or if no more than `keep` frames are in the cache. Call with the cache's lock held. */
static inline struct page *cache_take(struct frame_cache *cache, struct list **from, size_t keep)
{
	struct page *page;

	assert_hardened(spin_lock_held(&cache->lock));
	if (unlikely(!*from) || unlikely(cache->nfree <= keep))
		return NULL;
	page = single_pop(from);
	cache->nfree--;
	return page;
}

/* Looks whether memory is short. The cache may have singles or not. */
static struct page *single_get(size_t keep)
{
	struct page *page = NULL;
	struct frame_cache *cache;
	size_t nfree, others;
	bool tell;

	spin_lock(&pool.lock);
	cache = frame_cache_this();
	nfree = count_free();
	tell = is_low_news(nfree);
	if (nfree > keep) {
		others = shares_keep(cache, nfree - 1);
		do {
			spin_lock(&cache->lock);
			page = cache_take(cache, &cache->singles, 0);
			if (page)
				share_set(cache, nfree - 1, others);
			spin_unlock(&cache->lock);
		} while (!page && singles_obtain(cache));
	}
	spin_unlock(&pool.lock);
	if (unlikely(tell))
		waitq_wake_all(&page_alloc_low);
	return page;
}

/* The slow path: the list of singles was empty, or the hart has allocated its share. */
static struct page *single_alloc(enum page_kind kind, enum page_alloc_from from)
{
	struct page *page = single_get(frames_reserved(from));

	if (!page && reservations_drop(NULL))
		return single_alloc(kind, from);
	if (!page && from != PAGE_OPTIONAL)
		page = zeroed_take_any();
	if (!page)
		return may_use_reserve(from) ? single_alloc(kind, PAGE_RESERVE) : NULL;
	block_start(page, 0, kind);
	return page;
}

static inline struct page *frame_alloc(enum page_kind kind, enum page_alloc_from from)
{
	struct frame_cache *cache = frame_cache_this();
	struct page *page;

	spin_lock(&cache->lock);
	page = cache_take(cache, &cache->singles, cache->floor);
	spin_unlock(&cache->lock);
	if (unlikely(!page))
		return single_alloc(kind, from);
	block_start(page, 0, kind);
	return page;
}

struct page *page_alloc(unsigned order, enum page_kind kind, enum page_alloc_from from)
{
	assert_hardened(kind != PAGE_FREE && kind != PAGE_RESERVED);
	if (from != PAGE_OPTIONAL && alloc_fails())
		return NULL;
	if (unlikely(order > 0))
		return order <= PAGE_ORDER_MAX ? block_alloc(order, kind, from) : NULL;
	return frame_alloc(kind, from);
}

size_t page_alloc_some(struct page **pages, size_t n, enum page_kind kind)
{
	struct frame_cache *cache = frame_cache_this();
	size_t got = 0;

	assert_hardened(n > 0);
	spin_lock(&cache->lock);
	while (got < n && (pages[got] = cache_take(cache, &cache->singles, cache->floor)))
		got++;
	spin_unlock(&cache->lock);
	for (size_t i = 0; i < got; i++)
		block_start(pages[i], 0, kind);
	if (got == 0 && (pages[0] = single_alloc(kind, PAGE_OPTIONAL)))
		got = 1;
	return got;
}

void page_alloc_split(struct page *page, unsigned order)
{
	enum page_kind kind = page_kind(page);

	assert_hardened(page_order(page) == order && page->counts == PAGE_ONE_REF);
	for (size_t i = 0; i < 1ul << order; i++)
		block_start(&page[i], 0, kind);
}

void page_alloc_join(struct page *page, unsigned order)
{
	page_start(page, page_kind(page), order, 0);
}

struct page *page_alloc_zeroed(enum page_kind kind)
{
	struct frame_cache *cache = frame_cache_this();
	struct page *page;

	if (alloc_fails())
		return NULL;
	spin_lock(&cache->lock);
	page = cache_take(cache, &cache->zeroed, cache->floor);
	spin_unlock(&cache->lock);
	if (page) {
		page_check_zeros(page);
		block_start(page, 0, kind);
		return page;
	}
	page = frame_alloc(kind, PAGE_NORMAL);
	if (page)
		arch_page_zero(page_address(page));
	return page;
}

static inline void cache_put(struct frame_cache *cache, struct list **to, struct page *page)
{
	spin_lock(&cache->lock);
	single_push(to, page);
	cache->nfree++;
	spin_unlock(&cache->lock);
}

void page_free(struct page *page, unsigned order)
{
	page_end(page, order);
	for (size_t i = 1; i < 1ul << order; i++)
		page_start_free(&page[i], 0, 0);
	if (order == 0) {
		struct frame_cache *cache = frame_cache_this();

		cache_put(cache, &cache->singles, page);
		return;
	}
	spin_lock(&pool.lock);
	block_free(page, order);
	pool.nfree += 1ul << order;
	spin_unlock(&pool.lock);
}

void page_free_zeroed(struct page *page)
{
	struct frame_cache *cache = frame_cache_this();

	page_check_free(page, 0);
	page_check_zeros(page);
	cache_put(cache, &cache->zeroed, page);
}

void page_string_free(struct list *first, struct list *last, size_t count)
{
	singles_attach(frame_cache_this(), first, last, count);
}

/* The order of the largest block that can start at pfn and ends within count frames. */
static unsigned order_that_fits(pfn_t pfn, size_t count)
{
	unsigned order = 0;

	while (order < PAGE_ORDER_MAX && IS_ALIGNED(pfn, 2ul << order) && 2ul << order <= count)
		order++;
	return order;
}

/* Marks the frames that start a block, so that buddy_of() can look at them. */
static void mark_blocks(pfn_t pfn, pfn_t last)
{
	for (unsigned order; pfn < last; pfn += 1ul << order) {
		struct page *page = pfn_to_page(pfn);

		order = order_that_fits(pfn, last - pfn);
		page_start(page, PAGE_FREE, 0, 0);
		page_check_add(page, order);
	}
}

void page_alloc_add(paddr_t start, paddr_t end)
{
	pfn_t pfn = paddr_to_pfn(start), last = paddr_to_pfn(end);

	assert(IS_ALIGNED(start | end, PAGE_SIZE) && start <= end);
	spin_lock(&pool.lock);
	for (unsigned i = 0; i < HART_MAX; i++)
		harts[i].frames = &frame_caches[i];
	for (unsigned i = pool.blocks_ready; i <= PAGE_ORDER_MAX; i++)
		list_init(&pool.blocks[i]);
	pool.blocks_ready = PAGE_ORDER_MAX + 1;
	mark_blocks(pfn, last);
	for (unsigned order; pfn < last; pfn += 1ul << order) {
		order = order_that_fits(pfn, last - pfn);
		block_free(pfn_to_page(pfn), order);
		pool.nfree += 1ul << order;
		pool.ntotal += 1ul << order;
	}
	spin_unlock(&pool.lock);
}

void page_alloc_set_reserve(size_t frames)
{
	spin_lock(&pool.lock);
	pool.reserve = frames;
	pool.low = WATERMARK_LOW * frames;
	(void)shares_keep(NULL, 0);
	spin_unlock(&pool.lock);
}

size_t page_alloc_reserve_count(void)
{
	return pool.reserve;
}

size_t page_alloc_missing(void)
{
	size_t missing = 0, nfree;

	spin_lock(&pool.lock);
	nfree = count_free();
	pool.low_is_told = false;
	if (nfree < WATERMARK_HIGH * pool.reserve)
		missing = WATERMARK_HIGH * pool.reserve - nfree;
	spin_unlock(&pool.lock);
	return missing && reservations_drop(NULL) ? page_alloc_missing() : missing;
}

size_t page_alloc_free_count(void)
{
	size_t sum = atomic_load_relaxed(&pool.nfree) + zeroed_count() + reservation_count();

	for (unsigned i = 0; i < hart_count; i++)
		sum += atomic_load_relaxed(&frame_caches[i].nfree);
	return sum;
}

size_t page_alloc_above_low(void)
{
	size_t nfree = page_alloc_free_count(), low = atomic_load_relaxed(&pool.low);

	return nfree > low ? nfree - low : 0;
}

size_t page_alloc_total_count(void)
{
	return atomic_load_relaxed(&pool.ntotal);
}

void page_alloc_trim(void)
{
	bool more = true;

	(void)reservations_drop(NULL);
	(void)zeroed_drop();
	while (more) {
		spin_lock(&pool.lock);
		more = singles_merge(MERGE_BATCH);
		spin_unlock(&pool.lock);
	}
}

void page_alloc_lock(void)
{
	spin_lock(&pool.lock);
}

void page_alloc_unlock(void)
{
	spin_unlock(&pool.lock);
}

static void census_order(struct page_alloc_census *ret, unsigned order)
{
	struct page *page;

	list_for_each_entry(page, &pool.blocks[order], link) {
		ret->blocks++;
		ret->frames += 1ul << order;
		if (page_kind(page) != PAGE_FREE || !page_has(page, PAGE_BLOCK) ||
		    page_order(page) != order || !IS_ALIGNED(page_to_pfn(page), 1ul << order))
			ret->faults++;
	}
}

static void census_singles(struct page_alloc_census *ret, const struct list *link)
{
	for (; link; link = link->next, ret->singles++) {
		const struct page *page = list_entry(link, struct page, link);

		ret->faults += page_kind(page) != PAGE_FREE || !page_has(page, PAGE_SINGLE);
	}
}

void page_alloc_census(struct page_alloc_census *ret)
{
	*ret = (struct page_alloc_census){ 0 };
	spin_lock(&pool.lock);
	for (unsigned order = 0; order < pool.blocks_ready; order++)
		census_order(ret, order);
	for (unsigned i = 0; i < hart_count; i++) {
		spin_lock(&frame_caches[i].lock);
		census_singles(ret, frame_caches[i].singles);
		census_singles(ret, frame_caches[i].zeroed);
		spin_unlock(&frame_caches[i].lock);
	}
	ret->singles += zeroed_count() + reservation_count();
	ret->counted = count_free() + zeroed_count() + reservation_count();
	spin_unlock(&pool.lock);
}
