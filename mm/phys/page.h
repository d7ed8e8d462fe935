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

/* page->flags. PAGE_BLOCK and PAGE_SINGLE are set on free frames only. */
#define PAGE_BLOCK	  1u   /* the first frame of a block on a buddy list, of page->order */
#define PAGE_SINGLE	  2u   /* on the list of single free frames */
#define PAGE_TAIL	  4u   /* a later frame of an allocation: the first one has the counts */
#define PAGE_SLAB	  8u   /* a slab: owner is its slab_cache */
#define PAGE_DIRTY	  16u  /* its bytes differ from what a read would bring; atomic */
#define PAGE_CHARGED	  64u  /* object page: counted by its ops->charge(); atomic */
#define PAGE_READING	  128u /* a read into the frame is under way; it has the one reference */
/* For reclaim (mm/page_age.h); atomic. */
#define PAGE_USED	  256u	/* used since the hand passed */
#define PAGE_USED_ONCE	  512u	/* used since it was brought in */
#define PAGE_SEEN	  1024u /* the hand has passed it */
#define PAGE_HEAT_ONE	  2048u /* two bits */
/* Swap; atomic. */
#define PAGE_SWAP_CACHED  (1u << 31) /* in the swap cache, at `index` */
#define PAGE_WRITING	  8192u	     /* a write from the frame is under way, and has a reference */
#define PAGE_AHEAD	  16384u     /* read together with a neighbour, and not used yet; atomic */
/* By a preallocation that is under way: the page stays although it is clean; atomic. */
#define PAGE_PREALLOCATED (1u << 15)
#ifdef FAULTLINE_HARDENED
#define PAGE_POISONED 32u /* free, and filled with poison */
#else
#define PAGE_POISONED 0u
#endif

struct slab_object;

/*
 * refs counts all references to the frame: one for each entry that maps it, one of its object, one
 * for each get_user_page(). The frame is freed when refs falls to 0. maps says how many of these
 * references are entries. Both change by one atomic addition to `counts`. pins counts the
 * references of get_user_page() for writing. A pinned private page is mapped by at most one entry. A
 * write fault on it always reuses it, and fork copies it for the child.
 */
struct page {
	union {
		uint64_t counts;
		struct {
			uint32_t refs;
			uint32_t maps;
		};
	};
	union {
		/* Pins for writing. PAGE_ANON: guarded by the space's lock; PAGE_OBJECT: atomic. */
		uint16_t pins;
		uint16_t slab_used; /* PAGE_SLAB: objects in use; guarded by the cache's lock */
	};
	uint8_t kind;
	uint8_t order; /* in the first frame of a free block or an allocation */
	uint32_t flags;
	void *owner; /* the object whose page it is, NULL once truncated; PAGE_SLAB: the cache */
	union {
		uint64_t index;		       /* page index in `owner` */
		struct slab_object *slab_free; /* PAGE_SLAB: guarded by the cache's lock */
		pfn_t zeroed_pfn; /* set in the frame of zeroed_take(): its frame number */
	};
	struct list link;
};

_Static_assert(sizeof(struct page) == 48, "struct page is 48 bytes");

#define PAGE_ONE_REF 1ull
#define PAGE_ONE_MAP ((1ull << 32) | 1) /* an entry is a reference too */

/* A run of frames that have struct pages. No two segments touch. */
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

/*
 * Is the frame in the largest segment, as most are? Then *page_ret is its page. Otherwise the frame
 * may be in another segment, or the number may be no frame's.
 */
static inline bool pfn_is_near(pfn_t pfn, struct page **page_ret)
{
	size_t offset = pfn - page_segments[0].first;

	if (unlikely(offset >= page_segments[0].count))
		return false;
	*page_ret = page_segments[0].pages + offset;
	return true;
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

/*
 * Drops the reference of an entry that is cleared and fenced. The last one frees the frame. See
 * also swap_page_unmapped().
 */
void page_map_put(struct page *page);

/* The same for n pages, faster than one by one. A page is listed once for each of its entries. */
void page_map_put_many(struct page *const *pages, size_t n);

/* The word whose lower half is page->pins: for a half, there is no atomic addition. */
static inline uint32_t *page_pins_word(struct page *page)
{
	_Static_assert(offsetof(struct page, pins) % sizeof(uint32_t) == 0, "a word of its own");
	return (uint32_t *)(void *)((char *)page + offsetof(struct page, pins));
}

/*
 * For PAGE_OBJECT, which several spaces may pin at the same time: counts the references of
 * get_user_page() for writing. While there is one, the page may get other bytes at any time. What was
 * written is seen by who finds the page unpinned.
 */
static inline void page_pin_shared(struct page *page)
{
	__atomic_fetch_add(page_pins_word(page), 1, __ATOMIC_RELAXED);
}

static inline void page_unpin_shared(struct page *page)
{
	__atomic_fetch_sub(page_pins_word(page), 1, __ATOMIC_RELEASE);
}

static inline bool page_is_pinned(struct page *page)
{
	return (uint16_t)__atomic_load_n(page_pins_word(page), __ATOMIC_ACQUIRE) != 0;
}

/* PAGE_OBJECT: records that the bytes differ from what a read would bring. */
static inline void page_set_dirty(struct page *page)
{
	if (!(__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PAGE_DIRTY))
		__atomic_fetch_or(&page->flags, PAGE_DIRTY, __ATOMIC_RELAXED);
}

extern struct page *zero_page;
extern pfn_t zero_pfn; /* its frame number */
