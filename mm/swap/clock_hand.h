/* SPDX-License-Identifier: MIT */
/* The clock hand: where it is, and what the pages that it passes count. For the files of reclaim. */
#pragma once

#include "mm/space/space_lock.h"
#include "mm/swap/page_age.h"
#include "sync/atomic.h"

/*
 * There is one hand. mm/swap/clock_hand.c owns it; other files use the functions below. The hand's place
 * among the objects belongs to their list (object_hand_get()).
 */
struct clock_hand {
	/* changed under hand_lock, which is mm/swap/clock_hand.c's, and spaces_lock; read with either: */
	struct space *space; /* NULL: the hand is in the objects */
	/* guarded by hand_lock: */
	vaddr_t va;
	/*
	 * Hot pages cool down only in a turn that follows one in which few other pages were found: as
	 * long as enough of those come in, the hot ones stay.
	 */
	/* changed under hand_lock by the thread that starts a turn, read by all at any time; atomic: */
	bool cooling;
	bool hard;
	uint64_t hard_turns;  /* that have ended */
	uint64_t last_passed; /* pages that the last turn has passed */
	/* atomic: */
	unsigned hard_next;	  /* the next turn is to be hard */
	uint64_t passed, not_hot; /* pages of this turn, and those of them that are not hot */
};

extern struct clock_hand clock_hand;

/*
 * Moves the hand on by one piece: entries of a space, or pages of an object. At the end of a turn it
 * starts the next one. Call with no spinning lock held.
 */
void hand_move(void);

/* In a hard turn, heat does not count: a page goes if it was not used since the last turn. */
static inline bool hand_is_hard(void)
{
	return atomic_load_relaxed(&clock_hand.hard);
}

/* The next turn is to be hard. Any number of threads may ask for the same turn. */
static inline void hand_want_hard_turn(void)
{
	atomic_store(&clock_hand.hard_next, 1u);
}

/* How many hard turns have ended. */
static inline uint64_t hand_hard_turns(void)
{
	return counter_read(&clock_hand.hard_turns);
}

/* The hand passes a page. The caller holds the lock of its object, or of a space that maps it. */
static inline void hand_age_page(struct page *page)
{
	counter_add(&clock_hand.passed, 1);
	page_pass(page, clock_hand.cooling || hand_is_hard());
	counter_add(&clock_hand.not_hot, !page_heat(page));
}
