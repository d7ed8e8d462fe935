/* SPDX-License-Identifier: MIT */
/* Shadow tables: what the machine translates by in place of the kernel's tables. */
#pragma once

#include "harts.h"

#define NSHADOWS  64
#define NO_SHADOW NSHADOWS

/*
 * There is one shadow for each hart and ASID. It is a TLB without end: it gets an entry when an access
 * misses, and loses one only when the kernel fences it, or when the pool of tables is empty. So a
 * translation that the kernel has changed and not fenced stays in use, for as long as it may on a
 * board.
 *
 * A shadow's entry permits what the kernel's entry did, but for writes to a page whose D is not set:
 * these trap, and D is set. A and D are always set in shadows, so that the hardware never
 * writes to them.
 */
void shadow_init(void);

/* The translations of satp's ASID are used from now on, by the running hart. */
void shadow_switch(uint64_t satp);

/* Another hart runs. */
void shadow_resume(void);

/* The running hart is reset: it forgets all. */
void shadow_reset(void);

/* Called before satp changes: fills some pages of the old tables once more, if the options say so. */
void shadow_leave(void);

/* What a page fault of the machine is. */
enum shadow_fault {
	SHADOW_FILLED,	     /* a miss: the access is to be made again */
	SHADOW_PAGE_FAULT,   /* the kernel's */
	SHADOW_ACCESS_FAULT, /* the same: its tables are not in memory */
	SHADOW_WATCHED,	     /* a permitted store to a frame that has a note */
};

enum shadow_fault shadow_fault(uint64_t va, enum access access, enum privilege privilege);

/* Is one of the two operands of a fence absent, i.e. x0? */
#define ALL_ADDRESSES (~0ul)
#define ALL_ASIDS     (~0ul)

/*
 * SFENCE.VMA of a hart: drops what it knows of an address, or of all; in one ASID, where global entries
 * stay, or in all.
 */
void shadow_fence(const struct hart *hart, uint64_t va, uint64_t asid);

/* Called at the end of each trap: drops something now and then, if the options say so. */
void shadow_age(void);

/*
 * Reads a half-word of the kernel's or the program's text, as the machine has fetched it. Returns false
 * if the address has no translation.
 */
bool shadow_fetch(uint64_t va, enum privilege privilege, uint16_t *half);

/* ---- for the witness ---- */

/* A translation of a shadow that grants more than the kernel's tables, or another frame. */
struct stale {
	uint64_t va;	    /* where the leaf begins, or the part of it that was asked for */
	uint64_t cached;    /* a page table entry with software bits */
	unsigned level;	    /* of the cached one */
	struct mapping now; /* what the tables have */
};

/* Shadows have numbers below this one. */
unsigned shadow_count(void);

/* The number of the shadow that the running hart uses, or NO_SHADOW. */
unsigned shadow_current(void);

/* Does any hart use it, and which one is it for? */
bool shadow_is_current(unsigned number);
const struct hart *shadow_hart(unsigned number);

/* The satp with which a shadow was used last; 0 if there is no such shadow. */
uint64_t shadow_satp(unsigned number);

/*
 * Must the kernel fence all of it before a program uses it? So it is when satp has got other tables since it was empty, and
 * after shadow_mix(). shadow_unmix(): it has been looked at.
 */
bool shadow_is_mixed(unsigned number);
void shadow_mix(unsigned number);
void shadow_unmix(unsigned number);

/*
 * A hart has changed tables of it while no hart used it. Until it is fenced, or shadow_unmix(), these are the harts that have.
 */
void shadow_doubt(unsigned number, const struct hart *hart);
hart_set shadow_doubters(unsigned number);

/* Returns the first stale translation between two addresses; a shadow is held against its satp's tables. */
bool shadow_stale(unsigned number, uint64_t first, uint64_t last, struct stale *ret);

/*
 * Returns the first translation that is not global and maps a frame of the range, whatever the tables
 * say.
 */
bool shadow_maps(unsigned number, uint64_t address, uint64_t size, struct stale *ret);

/* Enters an entry that the kernel is about to replace, as a fill just before would have. It may be invalid. */
void shadow_remember(unsigned number, uint64_t va, uint64_t pte, unsigned level);

/*
 * From now on all stores to a frame trap (SHADOW_WATCHED), as long as it has a note. It is looked for at
 * those distances from its physical address; everywhere if there are none.
 */
void shadow_watch(uint64_t address, const uint64_t *offsets, unsigned noffsets);

/* Lets stores through the leaf of an address pass that has trapped. */
void shadow_unwatch(uint64_t va);

/* Drops all pages of a frame of text that may be executed. */
struct note;
void shadow_drop_text(struct note *text);

/* Calls witness_used() at the next access to a stale translation. */
void shadow_trap_use(unsigned number, uint64_t va);

/* The physical address of one that the current shadow maps. */
uint64_t shadow_address(uint64_t va);
