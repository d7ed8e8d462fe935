/* SPDX-License-Identifier: MIT */
/* Counts the references to the slots of the swap area, and finds free slots. */
#include "mm/swap_slots.h"

#include "abi/errno.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/relieve.h"

_Static_assert(SLOTS_PER_CHUNK * sizeof(uint32_t) == PAGE_SIZE, "a chunk's words take one page");

static uint64_t chunk_count(const struct swap_slots *slots)
{
	return (slots->count + SLOTS_PER_CHUNK - 1) / SLOTS_PER_CHUNK;
}

/* Slots that the chunk would have beyond the last one do not count as free. */
static int chunk_create(struct swap_slots *slots, uint64_t i)
{
	struct page *page = page_alloc_wait(0, PAGE_KERNEL);

	if (!page)
		return -ENOMEM;
	slots->chunks[i].words = page_address(page);
	slots->chunks[i].nfree =
		(uint32_t)MIN(slots->count - i * SLOTS_PER_CHUNK, (uint64_t)SLOTS_PER_CHUNK);
	memset(slots->chunks[i].words, 0, PAGE_SIZE);
	return 0;
}

int slots_create(struct swap_slots *slots, uint64_t count)
{
	*slots = (struct swap_slots){ .count = count, .nfree = count };
	slots->chunks = kzalloc(chunk_count(slots) * sizeof(struct slot_chunk));
	if (!slots->chunks) {
		slots->count = 0;
		return -ENOMEM;
	}
	for (uint64_t i = 0; i < chunk_count(slots); i++) {
		if (chunk_create(slots, i)) {
			slots_destroy(slots);
			return -ENOMEM;
		}
	}
	return 0;
}

void slots_destroy(struct swap_slots *slots)
{
	for (uint64_t i = 0; i < chunk_count(slots); i++)
		if (slots->chunks[i].words)
			page_free(virt_to_page(slots->chunks[i].words), 0);
	kfree(slots->chunks);
	*slots = (struct swap_slots){ 0 };
}

/* Marks a free slot with another word. */
static void take(struct swap_slots *slots, uint64_t slot, uint32_t word)
{
	assert_hardened(*slot_word(slots, slot) == SLOT_FREE);
	*slot_word(slots, slot) = word;
	slots->chunks[slot / SLOTS_PER_CHUNK].nfree--;
	slots->nfree--;
}

/* Returns the first free slot of a chunk from `slot` on; SLOT_NONE if there is none. */
static uint64_t find_in_chunk(const struct swap_slots *slots, uint64_t slot)
{
	uint64_t end = MIN(ALIGN_DOWN(slot, SLOTS_PER_CHUNK) + SLOTS_PER_CHUNK, slots->count);

	for (; slot < end; slot++)
		if (*slot_word(slots, slot) == SLOT_FREE)
			return slot;
	return SLOT_NONE;
}

/* A chunk without free slots is passed by its count, so that no search takes long. */
static uint64_t find(const struct swap_slots *slots)
{
	uint64_t slot = slots->next < slots->count ? slots->next : 0, found = SLOT_NONE;

	for (uint64_t n = 0; n <= chunk_count(slots) && found == SLOT_NONE; n++) {
		if (slots->chunks[slot / SLOTS_PER_CHUNK].nfree)
			found = find_in_chunk(slots, slot);
		slot = ALIGN_DOWN(slot, SLOTS_PER_CHUNK) + SLOTS_PER_CHUNK;
		if (slot >= slots->count)
			slot = 0;
	}
	return found;
}

/* Chunks that are searched for a free run, at most. */
#define CHUNKS_SEARCHED 4u

/* Returns the first free run of a chunk, or SLOT_NONE. */
static uint64_t find_run_in_chunk(const struct swap_slots *slots, uint64_t chunk)
{
	uint64_t slot = chunk * SLOTS_PER_CHUNK, end = slot + SLOTS_PER_CHUNK;

	for (; slot < end && slot + SLOTS_PER_RUN <= slots->count; slot += SLOTS_PER_RUN) {
		uint64_t i = slot;

		while (i < slot + SLOTS_PER_RUN && *slot_word(slots, i) == SLOT_FREE)
			i++;
		if (i == slot + SLOTS_PER_RUN)
			return slot;
	}
	return SLOT_NONE;
}

static uint64_t find_run(const struct swap_slots *slots)
{
	uint64_t chunks = chunk_count(slots);
	uint64_t chunk = slots->next < slots->count ? slots->next / SLOTS_PER_CHUNK : 0;
	uint64_t found = SLOT_NONE;
	unsigned searched = 0;

	for (uint64_t n = 0; n < chunks && searched < CHUNKS_SEARCHED; n++, chunk++) {
		if (slots->chunks[chunk % chunks].nfree < SLOTS_PER_RUN)
			continue;
		found = find_run_in_chunk(slots, chunk % chunks);
		if (found != SLOT_NONE)
			break;
		searched++;
	}
	return found;
}

static bool is_free(const struct swap_slots *slots, uint64_t slot)
{
	return slot < slots->count && *slot_word(slots, slot) == SLOT_FREE;
}

/* The next slot, or the first of a run. A search for a run in vain is not repeated at once. */
static uint64_t choose_in_order(struct swap_slots *slots)
{
	uint64_t run;

	if (is_free(slots, slots->next))
		return slots->next;
	if (slots->rest) {
		slots->rest--;
		return SLOT_NONE;
	}
	run = find_run(slots);
	if (run == SLOT_NONE)
		slots->rest = SLOTS_PER_RUN;
	return run;
}

static uint64_t take_chosen(struct swap_slots *slots, uint64_t slot)
{
	if (slot == SLOT_NONE)
		return slot;
	take(slots, slot, SLOT_CACHED);
	slots->next = slot + 1;
	return slot;
}

uint64_t slots_take_in_order(struct swap_slots *slots)
{
	return take_chosen(slots, slots->nfree ? choose_in_order(slots) : SLOT_NONE);
}

uint64_t slots_take(struct swap_slots *slots)
{
	uint64_t slot = slots_take_in_order(slots);

	if (slot != SLOT_NONE || !slots->nfree)
		return slot;
	return take_chosen(slots, find(slots));
}

void slots_mark_bad(struct swap_slots *slots, uint64_t slot)
{
	take(slots, slot, SLOT_BAD);
	if (slot == slots->next)
		slots->next++;
}

void slots_free(struct swap_slots *slots, uint64_t slot)
{
	uint32_t *word = slot_word(slots, slot);

	assert_hardened(*word == SLOT_FREE || *word == SLOT_CACHED);
	*word = SLOT_FREE;
	slots->chunks[slot / SLOTS_PER_CHUNK].nfree++;
	slots->nfree++;
}
