/* SPDX-License-Identifier: MIT */
/* Blocks of frames that large entries map as one (superpages), and who maps them. */
#pragma once

#include "mm/phys/page.h"
#include "sync/atomic.h"

/*
 * A block has MMU_LEAF_ENTRIES frames of private memory that follow one another. head->large_maps of its first frame counts the
 * large entries that map it, of one space or of several after fork. As long as there is one, each frame has one reference of
 * the block's, and `maps` counts its own entries as always: those of spaces in which the block was split.
 *
 * So a page that is mapped by an entry of its own and by a large one has two references or more, and is the last user's of
 * neither. A space that splits a block counts its own entries first and takes back its large map last: meanwhile there seem
 * to be too many, never too few.
 *
 * A large entry is writable only if the block has no other one, and its frames have no references but the block's and those of
 * get_user_page().
 */

/* In head->large_maps, beside the count: a page may have had references of its own since all of them were looked at. */
#define LARGE_REFS (1ul << 63)

static inline uint64_t large_map_count(const struct page *head)
{
	return atomic_load_relaxed(&head->large_maps) & ~LARGE_REFS;
}

/*
 * Returns by how many entries a page is mapped: its own, and the large ones of the block that it may be in. For reports: the counts
 * may change at any time. The first frame of a block says so by its count, for which other private pages have no owner.
 */
static inline uint64_t page_map_count(const struct page *page)
{
	const struct page *head = pfn_to_page(ALIGN_DOWN(page_to_pfn(page), MMU_LEAF_ENTRIES));
	const uint64_t maps = atomic_load_relaxed(&page->maps);

	if (page_kind(page) != PAGE_ANON || !head || page_kind(head) != PAGE_ANON ||
	    page_has(head, PAGE_SWAP_CACHED))
		return maps;
	return maps + large_map_count(head);
}

/* A page of the block gets a reference of its own. The caller holds the lock of a space that has a large entry for it. */
static inline void large_note_ref(struct page *head)
{
	__atomic_fetch_or(&head->large_maps, LARGE_REFS, __ATOMIC_RELAXED);
}

/* Why a large entry becomes entries of single pages. A recording has these numbers (docs/journal.md). */
enum large_split_why {
	SPLIT_WRITE,   /* a write to a page that others have, too */
	SPLIT_PART,    /* munmap, mprotect, madvise and the like of a part of the block */
	SPLIT_PINNED,  /* fork, and a page of it is pinned */
	SPLIT_MOVE,    /* mremap to an address that is not aligned as the block is */
	SPLIT_RECLAIM, /* it was not used for a while, or a program says that it will not be */
};
#define SPLIT_REASONS 5

/* Of all spaces since boot; atomic. */
struct large_counts {
	uint64_t filled;    /* blocks of zeros that faults have mapped by a large entry */
	uint64_t collapsed; /* blocks of pages that have become large entries */
	uint64_t refused;   /* times that there was no block for one */
	uint64_t split[SPLIT_REASONS]; /* large entries that have become entries of single pages */
	uint64_t blocks;	       /* that have a large map now */
};
extern struct large_counts large_counts;

/* Returns how many large entries were split, for whatever reason. */
static inline uint64_t large_split_count(void)
{
	uint64_t sum = 0;

	for (unsigned why = 0; why < SPLIT_REASONS; why++)
		sum += counter_read(&large_counts.split[why]);
	return sum;
}

/* Allocates the frames of a block, with any bytes, each with one reference. As large_alloc(). */
struct page *large_alloc_frames(void);

/*
 * Allocates a block of zeros with one large map, which the caller has. Returns NULL if there is none: it never uses the
 * reserve, and never waits. Call with no spinning lock held.
 */
struct page *large_alloc(void);

/* A block that has no large map, and whose frames have one reference each, gets the first. */
void large_map_first(struct page *head);

/* One more large entry maps the block. */
void large_map_get(struct page *head);

/*
 * Drops a large map, whose entry is cleared and fenced. The last one drops the references of the block's. Call with no
 * spinning lock held.
 */
void large_map_put(struct page *head);

/* A large entry becomes entries of single pages: each page has one more map, the block one large map less. */
void large_map_split(struct page *head);

/* Has nobody else a part in any page of the block? The caller holds the lock of a space that has a large entry for it. */
bool large_is_alone(struct page *head);
