/* SPDX-License-Identifier: MIT */
/* A hash table of frames, and for each 2 MiB of memory how many of its frames are in it. */
#include "notes.h"

#include "lib/bits.h"
#include "lib/string.h"
#include "pte.h"

#define NNOTES	    4096u
#define NBUCKETS    2048u
#define NO_NOTE	    0xffffu
#define REGION	    (1ul << 21)
#define NREGIONS    2048u /* 4 GiB */
#define UNUSED_NOTE 0u	  /* frame 0 is a ROM's */

static struct note *notes; /* NNOTES of them */
static uint16_t buckets[NBUCKETS];
static uint16_t regions[NREGIONS]; /* notes on frames of each region */
static uint16_t next_to_forget;

char *notes_init(char *pool)
{
	notes = (struct note *)pool;
	memset(notes, 0, NNOTES * sizeof(*notes));
	memset(buckets, 0xff, sizeof(buckets));
	return pool + ALIGN_UP(NNOTES * sizeof(*notes), PAGE_SIZE);
}

static uint16_t *bucket_of(uint32_t frame)
{
	return &buckets[frame * 2654435761u >> 21];
}

struct note *note_find(uint64_t address)
{
	uint32_t frame = (uint32_t)(address / PAGE_SIZE);

	for (uint16_t i = *bucket_of(frame); i != NO_NOTE; i = notes[i].next)
		if (notes[i].frame == frame)
			return &notes[i];
	return NULL;
}

void note_drop(struct note *note)
{
	uint16_t *link = bucket_of(note->frame);

	while (&notes[*link] != note)
		link = &notes[*link].next;
	*link = note->next;
	regions[note->frame / (REGION / PAGE_SIZE)]--;
	note->frame = UNUSED_NOTE;
}

/* Returns a note that is not in use: behind the last one that was taken, and another's if all are. */
static struct note *note_take(void)
{
	struct note *note = &notes[next_to_forget];

	for (unsigned i = 0; i < NNOTES && notes[next_to_forget].frame != UNUSED_NOTE; i++)
		next_to_forget = (uint16_t)((next_to_forget + 1) % NNOTES);
	if (notes[next_to_forget].frame == UNUSED_NOTE)
		note = &notes[next_to_forget];
	else
		note_drop(note);
	next_to_forget = (uint16_t)((note - notes + 1) % NNOTES);
	return note;
}

struct note *note_add(uint64_t address, enum note_kind kind)
{
	uint32_t frame = (uint32_t)(address / PAGE_SIZE);
	struct note *note;

	if (address >= NREGIONS * REGION)
		return NULL;
	note = note_take();
	*note = (struct note){ .frame = frame, .kind = (uint8_t)kind, .next = *bucket_of(frame) };
	*bucket_of(frame) = (uint16_t)(note - notes);
	regions[address / REGION]++;
	return note;
}

bool notes_within(uint64_t address, uint64_t size)
{
	if (size == PAGE_SIZE)
		return note_find(address) != NULL;
	for (uint64_t at = address; at < address + size && at < NREGIONS * REGION; at += REGION)
		if (regions[at / REGION])
			return true;
	return false;
}
