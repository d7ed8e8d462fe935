/* SPDX-License-Identifier: MIT */
/* Shadow tables: what the machine translates by in place of the kernel's tables. */
#pragma once

#include "strict.h"

/*
 * There is one shadow for each ASID. It is a TLB without end: it gets an entry when an access
 * misses, and loses one only when the kernel fences it, or when the pool of tables is empty. So a
 * translation that the kernel has changed and not fenced stays in use, for as long as it may on a
 * board.
 *
 * A shadow's entry permits what the kernel's entry did, but for writes to a page whose D is not set:
 * these trap, and D is set. A and D are always set in shadows, so that the hardware never
 * writes to them.
 */
void shadow_init(void);

/* The translations of satp's ASID are used from now on. */
void shadow_switch(uint64_t satp);

/* What a page fault of the machine is. */
enum shadow_fault {
	SHADOW_FILLED,	     /* a miss: the access is to be made again */
	SHADOW_PAGE_FAULT,   /* the kernel's */
	SHADOW_ACCESS_FAULT, /* the same: its tables are not in memory */
};

enum shadow_fault shadow_fault(uint64_t va, enum access access, enum privilege privilege);

/* Is one of the two operands of a fence absent, i.e. x0? */
#define ALL_ADDRESSES (~0ul)
#define ALL_ASIDS     (~0ul)

/*
 * SFENCE.VMA: drops what is known of an address, or of all; in one ASID, where global entries stay,
 * or in all.
 */
void shadow_fence(uint64_t va, uint64_t asid);

/* Called at the end of each trap: drops something now and then, if the options say so. */
void shadow_age(void);

/*
 * Reads a half-word of the kernel's or the program's text, as the machine has fetched it. Returns false
 * if the address has no translation.
 */
bool shadow_fetch(uint64_t va, enum privilege privilege, uint16_t *half);
