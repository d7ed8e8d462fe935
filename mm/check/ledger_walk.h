/* SPDX-License-Identifier: MIT */
/* Between the files of the ledger: what its walks collect. */
#pragma once

#include "lib/types.h"
#include "mm/phys/page.h"

struct ledger_walk {
	unsigned errors;
	size_t tables; /* of all spaces, as they count them */
	/*
	 * What a reference that is found does to its page's counts: nothing (0), in the first walk,
	 * which checks; then it is taken out of them (-1), so that nothing must be left; then it is
	 * put back (1). That needs no memory.
	 */
	int delta;
};

/* Counts a disagreement; the first ten are logged. Only walks that check do it. */
void ledger_error(struct ledger_walk *walk, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A reference (PAGE_ONE_REF, PAGE_ONE_MAP) was found. */
void ledger_found(struct ledger_walk *walk, struct page *page, uint64_t what);

void ledger_walk_spaces(struct ledger_walk *walk);
void ledger_walk_objects(struct ledger_walk *walk);
