/* SPDX-License-Identifier: MIT */
/* Frames of which the firmware wants to see the stores: page tables, text, and the device that ends QEMU. */
#pragma once

#include "strict.h"

enum note_kind { NOTE_TABLE, NOTE_TEXT, NOTE_DEVICE };

#define NO_ROOT 0u

struct note {
	uint32_t frame; /* the physical address, by 4096 */
	uint16_t next;	/* the index of the next one in its bucket */
	uint8_t kind;
	/* Of a table: */
	uint8_t level;
	union {
		uint64_t va;	    /* the first address that it maps */
		uint64_t stored_pc; /* of text: where S-mode last stored to it, if `written` */
	};
	union {
		uint64_t *parent; /* the entry that points to it; NULL: it is a root */
		uint64_t shadows; /* of text: those that may permit to execute it, a bit for each */
	};
	uint32_t live; /* the generation in which it was last seen to be a table */
	uint32_t
		root; /* the frame of the root through which it was found; NO_ROOT if there are several */
	/* Of text: */
	/* How many FENCE.I there had been when S-mode last stored to it. */
	uint32_t last_written;
	uint32_t written; /* the same as long as it is not watched any more; else 0 */
};

/* Takes the memory for notes from the start of the pool. Returns where the rest of the pool begins. */
char *notes_init(char *pool);

/* Returns the note on a frame, or NULL. */
struct note *note_find(uint64_t address);

/*
 * Returns a new note on a frame, which has none. Where there is no room another one is forgotten: the
 * stores to its frame are not seen any more. NULL: the frame is beyond what can be noted.
 */
struct note *note_add(uint64_t address, enum note_kind kind);

void note_drop(struct note *note);

/* Is there a note on a frame of that range? Its size is 4096 or a superpage's. */
bool notes_within(uint64_t address, uint64_t size);
