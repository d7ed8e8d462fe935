/* SPDX-License-Identifier: MIT */
/* Reclaim: finds pages that have not been used for a while, and frees their frames. */
#pragma once

#include "lib/types.h"

struct space;
struct vma;

/* Frames that are worth another try: an allocation that has failed asks for so many. */
#define RECLAIM_BATCH 32

/* Counted since boot. They may be read at any time. Atomic. */
struct reclaim_counts {
	uint64_t turns;	    /* full turns of the hand */
	uint64_t scanned;   /* entries that the hand has passed */
	uint64_t aged;	    /* of these, the ones that had been used since the last turn */
	uint64_t unmapped;  /* entries that no longer map a page because it was cold */
	uint64_t dropped;   /* cold pages whose frames were freed */
	uint64_t refaulted; /* of these, the ones that were read again soon */
	uint64_t written;   /* pages that were written to swap */
	uint64_t read;	    /* pages that were read from swap, or could not be */
	uint64_t reads;	    /* requests that read pages from swap */
	uint64_t writes;    /* requests that wrote pages to swap */
	uint64_t direct;    /* times that a thread had to reclaim because it found no memory */
	uint64_t lazyfree;  /* pages that programs have given up by MADV_FREE */
	uint64_t lazyfreed; /* of the dropped pages, those that were PAGE_LAZYFREE */
};
extern struct reclaim_counts reclaim_counts;

/*
 * Moves the hand until `want` frames have been freed, but for a few turns at most, and waits for
 * pages that are being written. Returns how many frames were freed, by this and all other threads,
 * or -EINTR if the running thread has been killed. Calls vm_pause() between pieces. Call with no
 * spinning lock held; mutexes may be held, the mmap lock too.
 */
ssize_t reclaim(size_t want);

/*
 * Frees memory that no thread waits for yet, in fewer turns of the hand than reclaim(). Returns how many frames were freed.
 * For a kernel thread, which is never killed.
 */
size_t reclaim_ahead(size_t want);

/* What a pass does to the entries: the hand, and MADV_COLD, MADV_PAGEOUT and MADV_FREE. */
enum reclaim_how { BY_AGE, MAKE_COLD, SEND_OUT, MAKE_LAZYFREE };

/*
 * For madvise, with the pages of [start, end), which is within the VMA:
 * MAKE_COLD      they are cold from now on
 * SEND_OUT       the same, and they go at once, as far as there is swap, or another place to read them from
 * MAKE_LAZYFREE  they are dropped instead of going to swap, until they are written to again. Those that are in swap go at
 *                once. The VMA has no object
 * Pages that others map too stay as they are, and so do those that are sent out of a file that the running thread may not know
 * about, and those that are pinned, with MAKE_LAZYFREE. A kill of the running thread ends it early. The caller holds the mmap
 * lock. Calls vm_pause().
 */
void reclaim_range(const struct vma *vma, vaddr_t start, vaddr_t end, enum reclaim_how how);

/*
 * For the page cache: the stamp of a page that is dropped now; and whether no more pages have been
 * dropped since `stamp` than the hand passes in a turn. A page that is read again as early as that
 * is in use. Stamps wrap at 2^38.
 */
uint64_t reclaim_stamp(void);
bool reclaim_is_recent(uint64_t stamp);

/* Takes a space off the list of all spaces, and the hand off the space: waits for the end of the piece that it passes. */
void reclaim_space_gone(struct space *space);
