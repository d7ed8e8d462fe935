/* SPDX-License-Identifier: MIT */
/* The witness: sees changes of page tables and of text, and reports a fence that is missing. */
#pragma once

#include "harts.h"

/*
 * Stores to page tables in use trap, and so do stores to text (notes.h). An entry that grants less than
 * before is a suspect: as long as a shadow has what it granted, a fence is missing. When the kernel must
 * not owe a fence any more, each suspect is held against the shadows:
 *
 *   - at the return to user mode of the hart that has changed the entry, and when a frame gets another
 *     use, if the kernel has promised that;
 *   - otherwise at a use of the old translation, after its frame got another use.
 *
 * An entry that is replaced is entered in the shadow first, as a board may have read it just before:
 * so a fence that comes too early shows, too.
 */
void witness_init(void);

/* The hart has new tables. */
void witness_switch(void);

/* The tables were read for an address, up to an entry, which is valid and will be used if `filled`. */
void witness_walk(uint64_t va, const struct mapping *mapping, bool filled);

/*
 * Has the kernel stored to this text since the hart's last FENCE.I? A hart that fetches none of it may have read the entry
 * all the same, which is no mistake.
 */
bool witness_text_is_old(const struct mapping *mapping);

/*
 * Makes the store that has trapped, or lets it be made again. Neither is an error. mepc is changed
 * accordingly.
 */
void witness_store(uint32_t insn, struct frame *frame, uint64_t va);

/* Called at the access that shadow_trap_use() has asked for. */
void witness_used(uint64_t va);

/* SRET to user mode. */
void witness_return(void);

/* Another hart runs. */
void witness_resume(void);

/* An SFENCE.VMA for all addresses, a FENCE.I, of a hart. */
void witness_full_fence(const struct hart *hart);
void witness_fence_i(const struct hart *hart);

/* Calls of the firmware's own extension: the kernel promises, or a range of frames gets another use. */
void witness_promise(void);
void witness_free(uint64_t address, uint64_t size);
void witness_owe(bool owe);

/*
 * Which harts may use page tables (masks.c). The kernel says at which address it has the word with their bits, 0: nowhere any
 * more; and which bit is the running hart's. mask_look(): satp is about to change, or has changed.
 */
void mask_told(uint64_t root, uint64_t va);
void mask_bit_told(uint64_t bit);
void mask_look(void);

/* How many findings there were. If there are any, QEMU's status is STATUS_FOUND. */
#define STATUS_FOUND 86u
unsigned witness_findings(void);
