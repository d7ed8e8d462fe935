/* SPDX-License-Identifier: MIT */
/* The page ledger: every frame accounted for (R111). */
#pragma once

#include "lib/types.h"
#include "mm/phys/page.h"

struct ledger {
	size_t total;
	size_t kind[PAGE_KINDS];
};

/*
 * Walks all frames, spaces, objects, slabs and the free lists, and compares counts with references
 * found. 0, or the number of disagreements, each logged as an error (the first ten). Frames by kind
 * in *ledger_ret (may be NULL).
 * => the only thread that is inside mm; references in flight: none
 */
int ledger_check(struct ledger *ledger_ret);
