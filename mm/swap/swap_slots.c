/* SPDX-License-Identifier: MIT */
/* Counts the references to the slots of the swap area, and finds free slots. */
#include "mm/swap/swap_slots.h"

#include "abi/errno.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/relieve.h"

_Static_assert(SLOTS_PER_CHUNK * sizeof(uint32_t) == PAGE_SIZE, "a chunk's words take one page");
_Static_assert(SLOTS_PER_RUN == 128, "a run has two words of bits");

#define WORDS_PER_CHUNK (SLOTS_PER_CHUNK / 64)
/* Chunks whose bits share a page. */
#define CHUNKS_SHARED	(PAGE_SIZE / (WORDS_PER_CHUNK * sizeof(uint64_t)))

static uint64_t chunk_count(const struct swap_slots *slots)
{
	return (slots->count + SLOTS_PER_CHUNK - 1) / SLOTS_PER_CHUNK;
}

/* The words of bits for so many chunks. */
static uint64_t summary_words(uint64_t nchunks)
{
	return (nchunks + 63) / 64;
}

static void set_bit(uint64_t *bits, uint64_t i)
{
	bits[i / 64] |= 1ul << i % 64;
}

static void clear_bit(uint64_t *bits, uint64_t i)
{
	bits[i / 64] &= ~(1ul << i % 64);
}

/* Returns the first bit of [from, end) that is set, or end. */
static uint64_t next_bit(const uint64_t *bits, uint64_t from, uint64_t end)
{
	while (from < end) {
		uint64_t rest = bits[from / 64] >> from % 64;

		if (rest)
			return MIN(from + bit_lowest(rest), end);
		from = ALIGN_DOWN(from, 64) + 64;
	}
	return end;
}

/* Returns a page of zeros, or NULL. */
static void *zeros_alloc(void)
{
	struct page *page = page_alloc_wait(0, PAGE_KERNEL);

	return page ? memset(page_address(page), 0, PAGE_SIZE) : NULL;
}

/* The bits of the chunk: behind those of the one before, or in a page of their own. */
static uint64_t *chunk_bits(const struct swap_slots *slots, uint64_t i)
{
	return i % CHUNKS_SHARED ? slots->chunks[i - 1].free + WORDS_PER_CHUNK : zeros_alloc();
}

/* Slots that the chunk would have beyond the last one do not count as free. */
static int chunk_create(struct swap_slots *slots, uint64_t i)
{
	struct slot_chunk *chunk = &slots->chunks[i];

	chunk->free = chunk_bits(slots, i);
	chunk->words = zeros_alloc();
	if (!chunk->free || !chunk->words)
		return -ENOMEM;
	chunk->nfree = (uint32_t)MIN(slots->count - i * SLOTS_PER_CHUNK, (uint64_t)SLOTS_PER_CHUNK);
	for (uint32_t slot = 0; slot < chunk->nfree; slot++)
		set_bit(chunk->free, slot);
	set_bit(slots->some, i);
	if (chunk->nfree >= SLOTS_PER_RUN)
		set_bit(slots->roomy, i);
	return 0;
}

int slots_create(struct swap_slots *slots, uint64_t count)
{
	*slots = (struct swap_slots){ .count = count, .nfree = count };
	slots->chunks = kzalloc(chunk_count(slots) * sizeof(struct slot_chunk));
	slots->some = kzalloc(2 * summary_words(chunk_count(slots)) * sizeof(uint64_t));
	if (!slots->chunks || !slots->some) {
		kfree(slots->chunks);
		kfree(slots->some);
		*slots = (struct swap_slots){ 0 };
		return -ENOMEM;
	}
	slots->roomy = slots->some + summary_words(chunk_count(slots));
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
	for (uint64_t i = 0; i < chunk_count(slots); i++) {
		if (slots->chunks[i].words)
			page_free(virt_to_page(slots->chunks[i].words), 0);
		if (slots->chunks[i].free && i % CHUNKS_SHARED == 0)
			page_free(virt_to_page(slots->chunks[i].free), 0);
	}
	kfree(slots->some);
	kfree(slots->chunks);
	*slots = (struct swap_slots){ 0 };
}

/* Marks a free slot with another word. */
static void swap_slots_take(struct swap_slots *slots, uint64_t slot, uint32_t word)
{
	uint64_t at = slot / SLOTS_PER_CHUNK;
	struct slot_chunk *chunk = &slots->chunks[at];

	assert_hardened(*slot_word(slots, slot) == SLOT_FREE);
	*slot_word(slots, slot) = word;
	clear_bit(chunk->free, slot % SLOTS_PER_CHUNK);
	chunk->nfree--;
	if (chunk->nfree == 0)
		clear_bit(slots->some, at);
	if (chunk->nfree == SLOTS_PER_RUN - 1)
		clear_bit(slots->roomy, at);
	slots->nfree--;
}

/* The first free slot from `next` on, with slot 0 behind the last one. There is a free slot. */
static uint64_t swap_slots_find(const struct swap_slots *slots)
{
	uint64_t next = slots->next < slots->count ? slots->next : 0, chunks = chunk_count(slots);
	uint64_t chunk = next / SLOTS_PER_CHUNK;
	uint64_t slot =
		next_bit(slots->chunks[chunk].free, next % SLOTS_PER_CHUNK, SLOTS_PER_CHUNK);

	if (slot < SLOTS_PER_CHUNK)
		return chunk * SLOTS_PER_CHUNK + slot;
	chunk = next_bit(slots->some, chunk + 1, chunks);
	if (chunk == chunks)
		chunk = next_bit(slots->some, 0, chunks);
	return chunk * SLOTS_PER_CHUNK + next_bit(slots->chunks[chunk].free, 0, SLOTS_PER_CHUNK);
}

/* Chunks that are searched for a free run, at most. */
#define CHUNKS_SEARCHED 4u

/* Returns the first free run of a chunk, or SLOT_NONE. */
static uint64_t find_run_in_chunk(const struct swap_slots *slots, uint64_t chunk)
{
	const uint64_t *free = slots->chunks[chunk].free;

	for (unsigned i = 0; i < WORDS_PER_CHUNK; i += 2)
		if ((free[i] & free[i + 1]) == UINT64_MAX)
			return chunk * SLOTS_PER_CHUNK + i * 64;
	return SLOT_NONE;
}

/* Searches the chunk of `next` and those after it, with the first chunk behind the last one. */
static uint64_t find_run(const struct swap_slots *slots)
{
	uint64_t chunks = chunk_count(slots), end = chunks, found = SLOT_NONE;
	uint64_t first = slots->next < slots->count ? slots->next / SLOTS_PER_CHUNK : 0;
	uint64_t chunk = first;

	for (unsigned n = 0; n < CHUNKS_SEARCHED && found == SLOT_NONE; n++, chunk++) {
		chunk = next_bit(slots->roomy, chunk, end);
		if (chunk == chunks) {
			end = first;
			chunk = next_bit(slots->roomy, 0, end);
		}
		if (chunk == end)
			break;
		found = find_run_in_chunk(slots, chunk);
	}
	return found;
}

static bool swap_slots_is_free(const struct swap_slots *slots, uint64_t slot)
{
	return slot < slots->count && *slot_word(slots, slot) == SLOT_FREE;
}

/* The next slot, or the first of a run. A search for a run in vain is not repeated at once. */
static uint64_t choose_in_order(struct swap_slots *slots)
{
	uint64_t run;

	if (swap_slots_is_free(slots, slots->next))
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
	swap_slots_take(slots, slot, SLOT_CACHED);
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
	return take_chosen(slots, swap_slots_find(slots));
}

void slots_mark_bad(struct swap_slots *slots, uint64_t slot)
{
	swap_slots_take(slots, slot, SLOT_BAD);
	if (slot == slots->next)
		slots->next++;
}

void slots_free(struct swap_slots *slots, uint64_t slot)
{
	uint64_t at = slot / SLOTS_PER_CHUNK;
	struct slot_chunk *chunk = &slots->chunks[at];
	uint32_t *word = slot_word(slots, slot);

	assert_hardened(*word == SLOT_FREE || *word == SLOT_CACHED);
	*word = SLOT_FREE;
	set_bit(chunk->free, slot % SLOTS_PER_CHUNK);
	chunk->nfree++;
	if (chunk->nfree == 1)
		set_bit(slots->some, at);
	if (chunk->nfree == SLOTS_PER_RUN)
		set_bit(slots->roomy, at);
	slots->nfree++;
}
