/* SPDX-License-Identifier: MIT */
/* What reclaim does to the entries of a space and the pages of an object. For the files of reclaim. */
#pragma once

#include "base/block.h"
#include "mm/object/object.h"
#include "mm/space/tlb_gather.h"
#include "mm/swap/reclaim.h"

/* Entries, and VMAs, that are looked at in one hold of a space's lock. */
#define PASS_ENTRIES BLOCK_PAGES_MAX
#define PASS_VMAS    32
#define PASS_RUNS    16 /* of consecutive slots */

/* One pass over entries, in one hold of a space's lock. */
struct reclaim_pass {
	struct gather gather;
	const struct vma *vma;
	unsigned left; /* entries that it may still look at */
	vaddr_t next;  /* where it stops */
	enum reclaim_how how;
	bool spares_files; /* SEND_OUT: only private pages */
	/* The slots of private pages that no entry maps any more, perhaps. */
	struct slot_run {
		uint64_t first, last;
	} runs[PASS_RUNS];
	unsigned nruns;
};

void reclaim_pass_init(struct reclaim_pass *pass, enum reclaim_how how, struct space *space,
		       vaddr_t from);

/*
 * Passes a piece of the space from pass->next on. Returns false at the space's end. The caller holds
 * the space's lock.
 */
bool reclaim_pass_space(struct reclaim_pass *pass, struct space *space);

/* For arch_mmu_visit(): passes the entries of a leaf table of pass->vma. */
int reclaim_pass_leaf(void *arg, const struct mmu_leaf *leaf);

/*
 * For object_reclaim_some(): passes a page of an object. Returns true if it is to be dropped: it is
 * cold, clean, and referenced by the index only. If it is dirty, a write of it is begun, or another
 * thread is asked to write it. The caller holds object->lock.
 */
bool pass_object_page(struct object *object, struct page *page);

/* Can pages of the object be reclaimed? NULL: no. */
bool object_is_reclaimable(const struct object *object);

/*
 * Drops the cold pages of an object from first to last, or has them written. What can't be written
 * now stays, unless the thread `waits`. Call with no spinning lock held.
 */
void write_cold_pages(struct object *object, uint64_t first, uint64_t last, bool waits);

/* Drops the private pages that a pass has unmapped, or has them written, as write_cold_pages() does. */
void write_unmapped(const struct reclaim_pass *pass, bool waits);
