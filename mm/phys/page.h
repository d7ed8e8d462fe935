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
	PAGE_ANON,     /* private memory; counted by entries */
	PAGE_OBJECT,   /* in an object at index */
	PAGE_ZERO,     /* the one shared zero page */
	PAGE_KINDS
};

/* page->flags. The first two: of free frames only. */
#define PAGE_BLOCK   1u /* the first frame of a block on a buddy list, of page->order */
#define PAGE_SINGLE  2u /* on the list of single free frames */
#define PAGE_TAIL    4u /* a frame of an allocation that is not its first: counts are the first's */
#define PAGE_SLAB    8u /* owner: its slab_cache */
#define PAGE_DIRTY   16u /* of an object: differs from what its fill would bring; atomic */
#define PAGE_CHARGED 64u /* of an object: its ops->charge() has counted it; atomic */
#ifdef FAULTLINE_HARDENED
#define PAGE_POISONED 32u /* free, and filled with poison */
#else
#define PAGE_POISONED 0u
#endif

struct slab_object;

/*
 * refs: whoever may still look at the frame: each entry that maps it, its object, each get_user_page().
 * 0 frees it. maps: how many of those are entries. Both change by one atomic addition to `counts`.
 * pins: those of get_user_page() for writing. A pinned page has one entry at most, a write fault on it
 * always reuses it, and a fork copies it for the child.
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
		uint16_t pins;	    /* PAGE_ANON: who writes to it by reference; its space's lock */
		uint16_t slab_used; /* PAGE_SLAB: objects in use; guarded by the cache's lock */
	};
	uint8_t kind;
	uint8_t order; /* of a free block's or an allocation's first frame */
	uint32_t flags;
	void *owner; /* PAGE_OBJECT: its object, NULL once truncated away; PAGE_SLAB: the cache */
	union {
		uint64_t index;		       /* PAGE_OBJECT: page index in the object */
		struct slab_object *slab_free; /* PAGE_SLAB: guarded by the cache's lock */
		pfn_t zeroed_pfn;	       /* given out by zeroed_take(): its frame */
	};
	struct list link;
};

_Static_assert(sizeof(struct page) == 48, "struct page is 48 bytes");

#define PAGE_ONE_REF 1ull
#define PAGE_ONE_MAP ((1ull << 32) | 1) /* an entry is a reference too */

/* A run of frames with struct pages; no two touch. */
struct page_segment {
	pfn_t first;
	size_t count;
	struct page *pages;
	size_t bytes; /* of `pages` */
};

#define PAGE_SEGMENTS_MAX 16

/* The largest segment first: most look-ups end there. Unused ones are empty. Set once, by phys_init(). */
extern struct page_segment page_segments[PAGE_SEGMENTS_MAX];
extern unsigned page_segment_count;

/* The other segments. (In place and no call, so that small callers need no stack.) */
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

/* NULL where the frame is not ours. */
static inline struct page *pfn_to_page(pfn_t pfn)
{
	size_t offset = pfn - page_segments[0].first;

	if (likely(offset < page_segments[0].count))
		return page_segments[0].pages + offset;
	return pfn_to_page_far(pfn);
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

/* Where the direct map shows it. */
static inline void *page_address(const struct page *page)
{
	return arch_phys_to_virt(page_to_paddr(page));
}

static inline struct page *virt_to_page(const void *address)
{
	return pfn_to_page(paddr_to_pfn(arch_virt_to_phys(address)));
}

/* Above this a count is broken, or soon will be. */
#define PAGE_REFS_MAX 0x7fffffffu

/* Adds to the counts of a frame that somebody refers to already. */
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
 * Gives a reference back; the last one frees the frame. The zero page's own reference stays, and
 * entries that show it are not counted: there may be more of them than a count can hold.
 */
void page_put(struct page *page);

static inline void page_map_get(struct page *page)
{
	page_counts_add(page, PAGE_ONE_MAP);
}

/* The caller's reference becomes an entry's. */
static inline void page_ref_to_map(struct page *page)
{
	page_counts_add(page, PAGE_ONE_MAP - PAGE_ONE_REF);
}

/* Takes an entry's count away; the last reference frees. => the entry is gone and its fence done */
void page_map_put(struct page *page);

/* The same for n pages, each named once per entry; quicker than one by one. */
void page_map_put_many(struct page *const *pages, size_t n);

/* PAGE_OBJECT: its bytes are no longer what fill would bring. */
static inline void page_set_dirty(struct page *page)
{
	if (!(__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PAGE_DIRTY))
		__atomic_fetch_or(&page->flags, PAGE_DIRTY, __ATOMIC_RELAXED);
}

extern struct page *zero_page;
extern pfn_t zero_pfn; /* its frame */
