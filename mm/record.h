/* SPDX-License-Identifier: MIT */
/* What mm tells whoever records what happens to memory: record/. */
#pragma once

#include "mm/space/space.h"
#include "mm/vm_wait.h"

struct fault;

/* What has changed, besides by a round of a fault, and what the numbers then are. */
enum change {
	CHANGE_ENTRY,	   /* the entry at start; end and more: the word that it was, and is */
	CHANGE_CLEARED,	   /* the entries of [start, end) are empty */
	CHANGE_DOWNGRADED, /* they have lost all permissions but `more` */
	CHANGE_MOVED,	   /* they were moved by `more`, which may be negative */
	CHANGE_COPIED, /* fork has copied those of the space *more, whose lock is held, too. They are of one VMA */
	CHANGE_AREAS, /* what is mapped in [start, end) is another VMA, or none: few VMAs */
	CHANGE_VERB,  /* a verb ends that has worked on the busy range */
	CHANGE_FILLED, /* those of [start, end) are there: ahead of a fault, all private frames or all the zero page */
	CHANGE_RAISED, /* they have the permissions `more`, and are not copy-on-write; with RAISED_USED, have A and D */
	CHANGE_LARGE, /* as CHANGE_ENTRY, of a large entry */
	CHANGE_SPLIT, /* the large entry at start is entries of pages; end: enum large_split_why */
	CHANGE_SUPPLIED, /* no space: the frame start has the page end; more: by a server, the running process */
};

#define RAISED_USED 8u

/* Nothing is told of a space that is not recorded. */
struct mm_record {
	/* const once there are threads; NULL if nothing is recorded: */
	/*
	 * A round ends, whose begin was fault_record_begin(). Returns the outcome; VM_RECORDED for VM_OK. The caller
	 * holds the space's lock, and has since then.
	 */
	enum vm_outcome (*round)(struct fault *fault, enum vm_outcome outcome);
	/*
	 * The caller holds the lock of the space under which it has made the change. It is released for a moment at
	 * the end of a verb alone: then the caller holds the mmap lock and no other spinning lock.
	 */
	void (*changed)(struct space *space, enum change what, uint64_t start, uint64_t end,
			uint64_t more);
	bool full;	   /* atomic: no fault may begin in a recorded space: record_find_room() */
	bool over;	   /* atomic: nothing is recorded any more; full is true then */
	struct waitq room; /* woken when it may, or all is over */
};

extern struct mm_record mm_record;

static inline void note_change(struct space *space, enum change what, uint64_t start, uint64_t end,
			       uint64_t more)
{
	if (unlikely(space->recorded))
		mm_record.changed(space, what, start, end, more);
}

static inline void note_entry(struct space *space, vaddr_t va, struct mmu_entry before,
			      struct mmu_entry after)
{
	note_change(space, CHANGE_ENTRY, va, before.word, after.word);
}

/* A run has filled n pages from va on, upwards (step 1) or downwards (-1). */
static inline void note_run(struct space *space, vaddr_t va, long step, size_t n)
{
	vaddr_t low = step > 0 ? va : va - (n - 1) * PAGE_SIZE;

	if (n)
		note_change(space, CHANGE_FILLED, low, low + n * PAGE_SIZE, 0);
}

static inline void note_areas(struct space *space, vaddr_t start, vaddr_t end)
{
	note_change(space, CHANGE_AREAS, start, end, 0);
}

/*
 * For a fault that may not begin: returns VM_WAIT; or VM_OK if there is room meanwhile, or the space is not recorded any more.
 * The caller holds its lock.
 */
enum vm_outcome record_find_room(struct space *space, struct vm_wait *wait);
