/* SPDX-License-Identifier: MIT */
/* Shared by the files of the ledger: the state of its walks. */
#pragma once

#include "lib/types.h"
#include "mm/phys/page.h"

struct ledger_walk {
	unsigned errors;
	size_t tables;	  /* page tables of all spaces, as the spaces count them */
	size_t committed; /* pages, of all VMAs, objects and pages of files */
	size_t lost;	  /* pages of objects that are never freed */
	/*
	 * What finding a reference adds to the counts of its page. The first walk checks, and adds
	 * nothing (0). The second subtracts each reference found (-1), so that nothing must be
	 * left. The third adds them again (1). This way needs no memory.
	 */
	int delta;
};

/* Counts a disagreement and logs the first ten. Does nothing in walks that do not check. */
void ledger_error(struct ledger_walk *walk, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Records a reference (PAGE_ONE_REF or PAGE_ONE_MAP) that was found. */
void ledger_found(struct ledger_walk *walk, struct page *page, uint64_t what);

/*
 * What the layers above mm refer to: called in each walk, unless it is NULL. boot/holders.c sets it in
 * the hardened build.
 */
extern void (*ledger_walk_others)(struct ledger_walk *walk);

void ledger_walk_spaces(struct ledger_walk *walk);
void ledger_walk_objects(struct ledger_walk *walk);
void ledger_walk_userfaults(struct ledger_walk *walk);

/* Checks how a VMA is registered with a userfault. */
struct vma;
void ledger_check_registered(struct ledger_walk *walk, const struct vma *vma);
