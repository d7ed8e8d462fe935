/* SPDX-License-Identifier: MIT */
/* A struct page for every frame of memory. */
#pragma once

#include "arch/page.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/list.h"
#include "lib/types.h"

enum page_kind {
	PAGE_FREE,     /* in the buddy allocator */
	PAGE_RESERVED, /* firmware, image, boot archive, struct pages: never allocated */
	PAGE_KERNEL,   /* slabs, kernel stacks, buffers */
	PAGE_TABLE,    /* page tables */
	PAGE_ANON,     /* private memory; `maps` counts the entries that map it */
	PAGE_OBJECT,   /* a page of an object, at `index` */
	PAGE_ZERO,     /* the one shared zero page */
	PAGE_DEVICE, /* registers of a device, not memory: in an object while a program drives it */
	PAGE_KINDS
};

/*
 * page->state is one word, so that each change of a page is one atomic step. From the lowest bit on,
 * it has the kind, the order, the flags, and the pins.
 */
#define PAGE_KIND_MASK	 15ul
#define PAGE_ORDER_SHIFT 4 /* of a free block or an allocation, in its first frame */
#define PAGE_ORDER_MASK	 15ul
#define PAGE_PINS_SHIFT	 32
#define PAGE_PINS_MASK	 (UINT64_MAX << PAGE_PINS_SHIFT)

/* Flags. PAGE_BLOCK and PAGE_SINGLE are set on free frames only. */
#define PAGE_SWAP_CACHED  0x100ul   /* in the swap cache, at `index` */
#define PAGE_DIRTY	  0x200ul   /* its bytes differ from what a read would bring */
#define PAGE_SLAB	  0x400ul   /* a slab: owner is its slab_cache */
#define PAGE_BLOCK	  0x800ul   /* the first frame of a block on a buddy list */
#define PAGE_SINGLE	  0x1000ul  /* on the list of single free frames */
#define PAGE_TAIL	  0x2000ul  /* a later frame of an allocation: the first has the counts */
#define PAGE_CHARGED	  0x4000ul  /* object page: counted by its ops->charge() */
#define PAGE_READING	  0x8000ul  /* a read into the frame, which has the one reference */
#define PAGE_WRITING	  0x10000ul /* a write from the frame is under way, and has a reference */
#define PAGE_AHEAD	  0x20000ul /* read together with a neighbour, and not used yet */
#define PAGE_PREALLOCATED 0x40000ul /* by one that is under way: stays although it is clean */
/* For reclaim (mm/swap/page_age.h). */
#define PAGE_USED	  0x80000ul  /* used since the hand passed */
#define PAGE_USED_ONCE	  0x100000ul /* used since it was brought in */
#define PAGE_SEEN	  0x200000ul /* the hand has passed it */
#define PAGE_HEAT_ONE	  0x400000ul /* two bits */
#ifdef FAULTLINE_HARDENED
#define PAGE_POISONED 0x1000000ul /* free, and filled with poison */
#else
#define PAGE_POISONED 0ul
#endif

/* PAGE_ANON: nobody needs its bytes, unless an entry of it has D. */
#define PAGE_LAZYFREE 0x2000000ul

#define PAGE_ONE_PIN (1ul << PAGE_PINS_SHIFT)

_Static_assert(PAGE_KINDS <= PAGE_KIND_MASK + 1, "a kind fits");

struct object;
struct slab_object;

/*
 * refs counts all references to the frame: one for each entry that maps it, one of its object, one
 * for each get_user_page(). The frame is freed when refs falls to 0. maps says how many of these
 * references are entries. Both change by one atomic addition to `counts`. The pins count the
 * references of get_user_page() for writing. A pinned private page is mapped by at most one entry. A
 * write fault on it always reuses it, and fork copies it for the child.
 *
 * Programs can make fewer references than the counts hold (ipc/transfer.c asserts it). The zero page
 * is the exception, so its entries are not counted.
 */
struct page {
	/* atomic: */
	union {
		uint64_t counts;
		struct {
			uint32_t refs;
			uint32_t maps;
		};
	};
	union {
		uint64_t state; /* read and changed by the functions below only */
		struct {
			uint32_t state_low;
			uint32_t
				slab_used; /* PAGE_SLAB: objects in use; guarded by the cache's lock */
		};
	};
	/*
	 * Of an object's page guarded by the object's lock: the other fields say of which kinds of frames they are.
	 * A frame that nobody else has is private to its owner, and a free one guarded by the lock of its list:
	 */
	union {
		void *owner; /* the object whose page it is, NULL once truncated; PAGE_SLAB: the cache */
		/* Private memory, the first frame of a block: large entries that map it (mm/phys/large_page.h); atomic. */
		uint64_t large_maps;
	};
	union {
		uint64_t index;		       /* page index in `owner` */
		struct slab_object *slab_free; /* PAGE_SLAB: guarded by the cache's lock */
		pfn_t zeroed_pfn; /* set in the frame of zeroed_take(): its frame number */
	};
	union {
		struct list link;
		struct object *pinned_in; /* PAGE_OBJECT with pins; guarded by its lock */
	};
};

_Static_assert(sizeof(struct page) == 48, "struct page is 48 bytes");

#define PAGE_ONE_REF 1ull
#define PAGE_ONE_MAP ((1ull << 32) | 1) /* an entry is a reference too */

/* A run of frames that have struct pages. No two segments touch. const after boot. */
struct page_segment {
	pfn_t first;
	size_t count;
	struct page *pages;
	size_t bytes; /* of `pages` */
};

#define PAGE_SEGMENTS_MAX 16

/*
 * The largest segment comes first, because most look-ups end there. Unused segments are empty.
 * phys_init() sets them once; phys_add_device() adds some at boot.
 */
extern struct page_segment page_segments[PAGE_SEGMENTS_MAX];
extern unsigned page_segment_count;

/* Searches the other segments. Inline, so that small callers need no stack frame. */
static inline struct page *pfn_to_page_far(pfn_t pfn)
{
	const struct page_segment *end = page_segments + PAGE_SEGMENTS_MAX;

	for (const struct page_segment *segment = page_segments + 1; segment < end; segment++)
		if (pfn - segment->first < segment->count)
			return segment->pages + (pfn - segment->first);
	return NULL;
}

static inline pfn_t page_to_pfn_far(const struct page *page)
{
	const struct page_segment *end = page_segments + PAGE_SEGMENTS_MAX;

	for (const struct page_segment *segment = page_segments + 1; segment < end; segment++)
		if ((uintptr_t)page - (uintptr_t)segment->pages < segment->bytes)
			return segment->first + (size_t)(page - segment->pages);
	panic("page: %p is no struct page", (const void *)page);
}

/* Returns NULL for a frame that has no struct page. */
static inline struct page *pfn_to_page(pfn_t pfn)
{
	size_t offset = pfn - page_segments[0].first;

	if (likely(offset < page_segments[0].count))
		return page_segments[0].pages + offset;
	return pfn_to_page_far(pfn);
}

/* Is the frame in the segment? Then *page_ret is its page. */
static inline bool pfn_is_in(const struct page_segment *segment, pfn_t pfn, struct page **page_ret)
{
	size_t offset = pfn - segment->first;

	if (unlikely(offset >= segment->count))
		return false;
	*page_ret = segment->pages + offset;
	return true;
}

/* Is the frame in the largest segment, as most are? Then *page_ret is its page. The number may be no frame's. */
static inline bool pfn_is_near(pfn_t pfn, struct page **page_ret)
{
	return pfn_is_in(&page_segments[0], pfn, page_ret);
}

static inline pfn_t page_to_pfn(const struct page *page)
{
	size_t bytes = (uintptr_t)page - (uintptr_t)page_segments[0].pages;

	if (likely(bytes < page_segments[0].bytes))
		return page_segments[0].first + bytes / sizeof(struct page);
	return page_to_pfn_far(page);
}

static inline paddr_t page_to_paddr(const struct page *page)
{
	return pfn_to_paddr(page_to_pfn(page));
}

/* The frame's address in the direct map, which PAGE_DEVICE has none in. */
static inline void *page_address(const struct page *page)
{
	return arch_phys_to_virt(page_to_paddr(page));
}

static inline struct page *virt_to_page(const void *address)
{
	return pfn_to_page(paddr_to_pfn(arch_virt_to_phys(address)));
}

/* A count above this has overflowed, or is about to. */
#define PAGE_REFS_MAX 0x7fffffffu

/* Adds to the counts of a frame that has at least one reference. */
static inline void page_counts_add(struct page *page, uint64_t what)
{
	uint64_t before = __atomic_fetch_add(&page->counts, what, __ATOMIC_RELAXED);

	assert_hardened((uint32_t)before != 0 && (uint32_t)before < PAGE_REFS_MAX);
}

static inline void page_get(struct page *page)
{
	page_counts_add(page, PAGE_ONE_REF);
}

/*
 * Drops a reference; the last one frees the frame. The zero page keeps its own reference for ever.
 * Entries that map it are not counted, because there may be more of them than a count can hold.
 */
void page_put(struct page *page);

static inline void page_map_get(struct page *page)
{
	page_counts_add(page, PAGE_ONE_MAP);
}

/* Turns the caller's reference into the reference of an entry. */
static inline void page_ref_to_map(struct page *page)
{
	page_counts_add(page, PAGE_ONE_MAP - PAGE_ONE_REF);
}

/* Undoes that: the entry was not written. */
static inline void page_map_to_ref(struct page *page)
{
	page_counts_add(page, PAGE_ONE_REF - PAGE_ONE_MAP);
}

/*
 * Drops the reference of an entry that is cleared and fenced. The last one frees the frame. See
 * also swap_page_unmapped().
 */
void page_map_put(struct page *page);

/*
 * Drops the references of n entries that are cleared and fenced, faster than one by one. A page is listed once for each of
 * its entries. A page that is left with one reference, and is mapped no more, counts in pages_unmapped.
 */
void page_map_put_many(struct page *const *pages, size_t n);
extern uint64_t pages_unmapped; /* a counter (sync/atomic.h) */

/* ---- the state ---- */

/* A snapshot: what it says of a page that others know may change at any time. */
static inline uint64_t page_state(const struct page *page)
{
	/* gcc-analyzer-suppress null-dereference ; an entry's frame is one of ours */
	return *(const volatile uint64_t *)&page->state;
}

static inline enum page_kind state_kind(uint64_t state)
{
	return (enum page_kind)(state & PAGE_KIND_MASK);
}

static inline unsigned state_order(uint64_t state)
{
	return (unsigned)(state >> PAGE_ORDER_SHIFT & PAGE_ORDER_MASK);
}

static inline uint32_t state_pins(uint64_t state)
{
	return (uint32_t)(state >> PAGE_PINS_SHIFT);
}

static inline enum page_kind page_kind(const struct page *page)
{
	return state_kind(page_state(page));
}

/* Is it a page of an object's? The zero page is none's. */
static inline bool page_is_of_object(const struct page *page)
{
	enum page_kind kind = page_kind(page);

	return kind == PAGE_OBJECT || kind == PAGE_DEVICE;
}

/* page_kind() for walks over all frames, by functions that are UNCHECKED: only these can have it inline. */
static inline UNCHECKED enum page_kind page_kind_unchecked(const struct page *page)
{
	return (enum page_kind)(*(const volatile uint64_t *)&page->state & PAGE_KIND_MASK);
}

/* The next frame that may be in use: a free block is passed at once. For the same walks. */
static inline UNCHECKED const struct page *page_next_unchecked(const struct page *page)
{
	uint64_t state = *(const volatile uint64_t *)&page->state;

	return page +
	       (state & PAGE_BLOCK ? 1ul << (state >> PAGE_ORDER_SHIFT & PAGE_ORDER_MASK) : 1);
}

static inline unsigned page_order(const struct page *page)
{
	return state_order(page_state(page));
}

/* Is one of the flags set? */
static inline bool page_has(const struct page *page, uint64_t flags)
{
	return (page_state(page) & flags) != 0;
}

static inline uint32_t page_pins(const struct page *page)
{
	return state_pins(page_state(page));
}

static inline uint64_t state_make(enum page_kind kind, unsigned order, uint64_t flags)
{
	return (uint64_t)kind | (uint64_t)order << PAGE_ORDER_SHIFT | flags;
}

/* Sets the whole word, with no pins, of a frame that nothing else changes: a free or a fresh one. */
static inline void page_start(struct page *page, enum page_kind kind, unsigned order,
			      uint64_t flags)
{
	/* gcc-analyzer-suppress null-dereference ; a frame that is free or fresh is one of ours */
	*(volatile uint64_t *)&page->state = state_make(kind, order, flags);
}

/* PAGE_POISONED if the frame is. */
static inline uint64_t page_poisoned(const struct page *page)
{
	return PAGE_POISONED ? page_state(page) & PAGE_POISONED : 0;
}

/* The frame becomes free; a poisoned one stays poisoned. The same holds. */
static inline void page_start_free(struct page *page, unsigned order, uint64_t flags)
{
	page_start(page, PAGE_FREE, order, flags | page_poisoned(page));
}

static inline void page_set(struct page *page, uint64_t flags)
{
	__atomic_fetch_or(&page->state, flags, __ATOMIC_RELAXED);
}

static inline void page_clear(struct page *page, uint64_t flags)
{
	__atomic_fetch_and(&page->state, ~flags, __ATOMIC_RELAXED);
}

/* Clears and sets flags in one step. */
static inline void page_change(struct page *page, uint64_t clear, uint64_t set)
{
	uint64_t state = page_state(page);

	while (!__atomic_compare_exchange_n(&page->state, &state, (state & ~clear) | set, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* The page goes from an object to private memory, or back. It has no pins. */
static inline void page_turn(struct page *page, enum page_kind from, enum page_kind to)
{
	uint64_t before = __atomic_fetch_xor(&page->state, (uint64_t)(from ^ to), __ATOMIC_RELAXED);

	assert_hardened((before & (PAGE_KIND_MASK | PAGE_PINS_MASK)) == (uint64_t)from);
	(void)before;
}

/*
 * Count the references of get_user_page() for writing. While a page of an object has a pin, it may
 * get other bytes at any time. Code that finds the page unpinned sees what was written.
 */
static inline void page_pin(struct page *page)
{
	uint64_t before = __atomic_fetch_add(&page->state, PAGE_ONE_PIN, __ATOMIC_RELAXED);

	assert_hardened(state_pins(before) < UINT32_MAX);
	(void)before;
}

static inline void page_unpin(struct page *page)
{
	uint64_t before = __atomic_fetch_sub(&page->state, PAGE_ONE_PIN, __ATOMIC_RELEASE);

	assert_hardened(state_pins(before) != 0);
	(void)before;
}

static inline bool page_is_pinned(const struct page *page)
{
	return state_pins(__atomic_load_n(&page->state, __ATOMIC_ACQUIRE)) != 0;
}

/* PAGE_OBJECT: records that the bytes differ from what a read would bring. */
static inline void page_set_dirty(struct page *page)
{
	if (!page_has(page, PAGE_DIRTY))
		page_set(page, PAGE_DIRTY);
}

extern struct page *zero_page;
extern pfn_t zero_pfn; /* its frame number */
