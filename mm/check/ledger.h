/* SPDX-License-Identifier: MIT */
/* The ledger: checks that every frame is accounted for, and that nothing else has leaked (R111). */
#pragma once

#include "lib/types.h"
#include "mm/phys/page.h"

struct ledger {
	size_t total;
	size_t kind[PAGE_KINDS];
	size_t lost; /* of PAGE_OBJECT: a device could write to them, and they are never used again */
};

/*
 * Walks all frames, spaces, objects, slabs and free lists, and compares counts with the references
 * found. Returns the number of disagreements, of which the first ten are logged as errors. Stores
 * the number of frames of each kind in *ledger_ret, unless that is NULL. No other thread may be
 * inside mm or have a reference to a page. In the hardened build the references to all that has a
 * struct counted must have a holder, too (boot/holders.c); those of the running thread's own
 * variables have none.
 */
int ledger_check(struct ledger *ledger_ret);
