/* SPDX-License-Identifier: MIT */
/* What the witness prints of a finding: a block of lines. */
#pragma once

#include "shadow.h"

enum occasion { AT_RETURN, AT_FREE, AT_ENTRY, AT_USE, AT_SWITCH };

/*
 * A translation is left, in a shadow, that the tables do not have. The entry was `old` before a hart
 * changed it at `pc`; a pc of 0 means that the translation is one of other tables.
 */
void report_stale(enum occasion occasion, const struct stale *stale, unsigned shadow, uint64_t old,
		  uint64_t pc, const struct hart *changed_by);

/*
 * A table was unlinked by a store to the entry that pointed to it, or linked in place of a superpage, which is_split says, without
 * a fence for all addresses.
 */
void report_pointer(bool is_split, uint64_t va, uint64_t old, uint64_t pc);

/* A page that may be executed was entered without FENCE.I. */
void report_text_owed(uint64_t va, uint64_t entry, uint64_t pc);

/* A page is to be executed which S-mode has stored to, without FENCE.I. */
void report_text_stored(uint64_t va, uint64_t entry, uint64_t pc);

/* satp has the tables with that root, whose users are these harts, and the running one, which has that bit, is none. */
void report_mask(uint64_t root, uint64_t mask, uint64_t self);

/* How many findings there were, those at the same place included. */
unsigned report_count(void);
