/* SPDX-License-Identifier: MIT */
/* The buddy allocator of physical frames. */
/*
 * There is a list of free blocks for each order. A block has 2^order frames, the first of which is
 * marked PAGE_BLOCK.
 *
 * Frames that were freed one by one are singles. They are on a list of their own and are allocated
 * again last in, first out, without the work of merging and splitting. They are merged into blocks
 * when a larger block is asked for, or by page_alloc_trim(). Frames known to hold only zeros, which
 * were page tables, are on a third list for page_alloc_zeroed(). They become ordinary singles when
 * there are no other singles. One more free frame is on no list and not counted by nfree: the
 * prezeroed one (mm/phys/zeroed.h).
 *
 * `lock` guards the lists, the counts, and state and link of free frames.
 */
#include "mm/phys/page_alloc.h"

#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/host.h"
#include "mm/phys/zeroed.h"
#include "sync/spinlock.h"

#define REFILL_ORDER 5	 /* the largest block that is split into singles at once */
#define MERGE_BATCH  64u /* singles merged into blocks under one hold of the lock */

/* The watermarks, in reserves. */
#define WATERMARK_LOW  2u
#define WATERMARK_HIGH 3u

/* One struct, so that all of it is reached from one base address. */
static struct {
	struct spinlock lock;
	/* guarded by lock: */
	struct list *singles; /* linked by `next`, NULL at the end */
	struct list *zeroed;  /* the same, of frames that hold only zeros */
	size_t nfree, ntotal, reserve;
	size_t low;	  /* watermark: with no more free frames than this, reclaim begins */
	bool low_is_told; /* page_alloc_low has been woken since the last page_alloc_missing() */
	struct list blocks[PAGE_ORDER_MAX + 1];
	unsigned blocks_ready; /* orders whose list is initialised: all or none */
} pool = { .lock = SPINLOCK_INIT(LOCK_PAGE_ALLOC) };

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

/* When there are no singles, makes the zeroed frames singles. Returns false if there are none. */
static bool singles_from_zeroed(void)
{
	pool.singles = pool.zeroed;
	pool.zeroed = NULL;
	return pool.singles;
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

/* Splits a free block into singles, lowest frame first. There are free frames, but no singles. */
static void singles_refill(void)
{
	unsigned order = 0;

	if (singles_from_zeroed())
		return;
	while (order < REFILL_ORDER && list_empty(&pool.blocks[order]))
		order++;

	struct page *page = block_take(order);
	struct list *next = pool.singles;

	for (size_t i = 1ul << order; i-- > 0; next = &page[i].link) {
		page_start_free(&page[i], 0, PAGE_SINGLE);
		page[i].link.next = next;
	}
	pool.singles = next;
}

/* Merges up to n singles into blocks. Returns false if there was none. */
static bool singles_merge(unsigned n)
{
	if (!pool.singles && !singles_from_zeroed())
		return false;
	while (pool.singles && n--)
		block_free(single_pop(&pool.singles), 0);
	return true;
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

/* How many free frames the allocation must leave. */
static inline size_t frames_reserved(enum page_alloc_from from)
{
	return from == PAGE_RESERVE ? 0 : pool.reserve;
}

/* The same for the short way, which does not look whether memory has become short. */
static inline size_t frames_plenty(enum page_alloc_from from)
{
	return from == PAGE_NORMAL ? pool.low : frames_reserved(from);
}

/* Is memory short, and was page_alloc_low not woken yet? Then the caller wakes it. Call with the lock held. */
static bool is_low_news(void)
{
	bool news = pool.nfree <= pool.low && !pool.low_is_told;

	pool.low_is_told |= news;
	return news;
}

/* Free frames are left in the reserve only: may this allocation use it? */
static bool may_use_reserve(enum page_alloc_from from)
{
	return from == PAGE_NORMAL && mm_host.is_ending();
}

/* For orders above 0. Merges singles, a bounded number at a time, until there is such a block. */
static __attribute__((noinline)) struct page *block_alloc(unsigned order, enum page_kind kind,
							  enum page_alloc_from from)
{
	size_t keep = frames_reserved(from);
	struct page *page = NULL;
	bool tell;

	spin_lock(&pool.lock);
	tell = is_low_news();
	while (pool.nfree >= (1ul << order) + keep) {
		page = block_take(order);
		if (page || !singles_merge(MERGE_BATCH))
			break;
		spin_unlock(&pool.lock);
		spin_lock(&pool.lock);
	}
	if (page)
		pool.nfree -= 1ul << order;
	spin_unlock(&pool.lock);
	if (tell)
		waitq_wake_all(&page_alloc_low);
	if (!page && zeroed_drop())
		return block_alloc(order, kind, from);
	if (!page)
		return may_use_reserve(from) ? block_alloc(order, kind, PAGE_RESERVE) : NULL;
	block_start(page, order, kind);
	for (size_t i = 1; i < 1ul << order; i++) {
		page[i].counts = 0;
		page_start(&page[i], kind, 0, PAGE_TAIL);
	}
	return page;
}

/* Returns NULL if the list is empty, or if no more than `keep` frames are free. */
static inline struct page *single_take(struct list **from, size_t keep)
{
	struct page *page = NULL;

	spin_lock(&pool.lock);
	if (likely(*from) && likely(pool.nfree > keep)) {
		page = single_pop(from);
		pool.nfree--;
	}
	spin_unlock(&pool.lock);
	return page;
}

/* The slow path: the list of singles was empty, or memory is short. */
static __attribute__((noinline)) struct page *single_alloc(enum page_kind kind,
							   enum page_alloc_from from)
{
	size_t keep = frames_reserved(from);
	struct page *page;
	bool tell;

	spin_lock(&pool.lock);
	if (!pool.singles && pool.nfree > keep)
		singles_refill();
	tell = is_low_news();
	spin_unlock(&pool.lock);
	if (unlikely(tell))
		waitq_wake_all(&page_alloc_low);
	page = single_take(&pool.singles, keep);
	if (!page && from != PAGE_OPTIONAL)
		page = zeroed_take();
	if (!page)
		return may_use_reserve(from) ? single_alloc(kind, PAGE_RESERVE) : NULL;
	block_start(page, 0, kind);
	return page;
}

static inline struct page *frame_alloc(enum page_kind kind, enum page_alloc_from from)
{
	struct page *page = single_take(&pool.singles, frames_plenty(from));

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

void page_alloc_split(struct page *page, unsigned order)
{
	enum page_kind kind = page_kind(page);

	assert_hardened(page_order(page) == order && page->counts == PAGE_ONE_REF);
	for (size_t i = 0; i < 1ul << order; i++)
		block_start(&page[i], 0, kind);
}

struct page *page_alloc_zeroed(enum page_kind kind)
{
	struct page *page;

	if (alloc_fails())
		return NULL;
	page = single_take(&pool.zeroed, pool.low);
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

void page_free(struct page *page, unsigned order)
{
	page_end(page, order);
	for (size_t i = 1; i < 1ul << order; i++)
		page_start_free(&page[i], 0, 0);
	spin_lock(&pool.lock);
	if (order == 0)
		single_push(&pool.singles, page);
	else
		block_free(page, order);
	pool.nfree += 1ul << order;
	spin_unlock(&pool.lock);
}

void page_free_zeroed(struct page *page)
{
	page_check_free(page, 0);
	page_check_zeros(page);
	spin_lock(&pool.lock);
	single_push(&pool.zeroed, page);
	pool.nfree++;
	spin_unlock(&pool.lock);
}

void page_string_free(struct list *first, struct list *last, size_t count)
{
	spin_lock(&pool.lock);
	last->next = pool.singles;
	pool.singles = first;
	pool.nfree += count;
	spin_unlock(&pool.lock);
}

/* The order of the largest block that can start at pfn and ends within count frames. */
static unsigned order_that_fits(pfn_t pfn, size_t count)
{
	unsigned order = 0;

	while (order < PAGE_ORDER_MAX && IS_ALIGNED(pfn, 2ul << order) && 2ul << order <= count)
		order++;
	return order;
}

/* Marks frames as free that have never been in the allocator. */
static UNCHECKED void mark_free(struct page *page, unsigned order)
{
	for (size_t i = 0; i < 1ul << order; i++) {
		assert(page_kind(&page[i]) == PAGE_RESERVED);
		page_start_free(&page[i], 0, 0);
	}
}

void page_alloc_add(paddr_t start, paddr_t end)
{
	pfn_t pfn = paddr_to_pfn(start), last = paddr_to_pfn(end);

	assert(IS_ALIGNED(start | end, PAGE_SIZE) && start <= end);
	spin_lock(&pool.lock);
	for (unsigned i = pool.blocks_ready; i <= PAGE_ORDER_MAX; i++)
		list_init(&pool.blocks[i]);
	pool.blocks_ready = PAGE_ORDER_MAX + 1;
	for (unsigned order; pfn < last; pfn += 1ul << order) {
		struct page *page = pfn_to_page(pfn);

		order = order_that_fits(pfn, last - pfn);
		mark_free(page, order);
		block_free(page, order);
		pool.nfree += 1ul << order;
		pool.ntotal += 1ul << order;
	}
	spin_unlock(&pool.lock);
}

void page_alloc_set_reserve(size_t frames)
{
	pool.reserve = frames;
	pool.low = WATERMARK_LOW * frames;
}

size_t page_alloc_missing(void)
{
	size_t missing = 0;

	spin_lock(&pool.lock);
	pool.low_is_told = false;
	if (pool.nfree < WATERMARK_HIGH * pool.reserve)
		missing = WATERMARK_HIGH * pool.reserve - pool.nfree;
	spin_unlock(&pool.lock);
	return missing;
}

size_t page_alloc_free_count(void)
{
	return atomic_load_relaxed(&pool.nfree) + zeroed_count();
}

size_t page_alloc_total_count(void)
{
	return atomic_load_relaxed(&pool.ntotal);
}

void page_alloc_trim(void)
{
	bool more = true;

	(void)zeroed_drop();
	while (more) {
		spin_lock(&pool.lock);
		more = singles_merge(MERGE_BATCH);
		spin_unlock(&pool.lock);
	}
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
	census_singles(ret, pool.singles);
	census_singles(ret, pool.zeroed);
	ret->singles += zeroed_count();
	ret->counted = pool.nfree + zeroed_count();
	spin_unlock(&pool.lock);
}
