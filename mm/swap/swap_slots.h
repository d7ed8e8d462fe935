/* SPDX-License-Identifier: MIT */
/* The slots of the swap area: how many entries refer to each of them, and which ones are free. */
#pragma once

#include "lib/types.h"

#define SLOT_NONE UINT64_MAX

/*
 * The word of a slot is the number of references to it: entries that are SWAP, and faults that are
 * about to bring the page in. A slot without references is free, unless its word is one of these.
 */
#define SLOT_FREE   0u
#define SLOT_CACHED (1u << 31) /* the swap cache keeps the slot for a page that is mapped */
#define SLOT_BAD    UINT32_MAX /* not to be used: damaged, or the header */

#define SLOTS_PER_CHUNK 1024u /* their words take one page */

/* Guarded by swap_cache.lock. */
struct slot_chunk {
	uint32_t *words;
	uint64_t *free; /* a bit for each slot that is free; those of several chunks share a page */
	uint32_t nfree;
};

/*
 * All of it is guarded by the lock of the swap cache. The bits let a search pass what is in use in
 * bulk: an area may have millions of slots, and be full but for a few.
 */
struct swap_slots {
	struct slot_chunk *chunks;
	uint64_t *some;	 /* a bit for each chunk that has a free slot */
	uint64_t *roomy; /* a bit for each chunk that has as many free ones as a run takes */
	uint64_t count;	 /* slots, whose numbers are below this; 0: there is no area */
	uint64_t nfree;
	uint64_t next; /* where the search for a free slot goes on */
	unsigned rest; /* slots to be taken before a free run is looked for again */
};

/* Makes `count` free slots. Returns 0 or -ENOMEM. May wait for memory. */
int slots_create(struct swap_slots *slots, uint64_t count);
void slots_destroy(struct swap_slots *slots);

static inline uint32_t *slot_word(const struct swap_slots *slots, uint64_t slot)
{
	return &slots->chunks[slot / SLOTS_PER_CHUNK].words[slot % SLOTS_PER_CHUNK];
}

/* Slots that are free in a row, from a multiple of their number on: a request to the disk. */
#define SLOTS_PER_RUN 128u

/*
 * Takes a free slot, whose word becomes SLOT_CACHED: the one after the last that was taken, if
 * possible, so that pages that go out together lie together. If that one is in use, the first of a
 * free run, if one is found soon. Returns SLOT_NONE if no slot is free.
 */
uint64_t slots_take(struct swap_slots *slots);

/* Takes a slot as slots_take() does, but only the next one or one of a free run; else returns SLOT_NONE. */
uint64_t slots_take_in_order(struct swap_slots *slots);

/* Takes a certain slot that is free for good. */
void slots_mark_bad(struct swap_slots *slots, uint64_t slot);

/* Frees a slot that has no reference left. */
void slots_free(struct swap_slots *slots, uint64_t slot);
