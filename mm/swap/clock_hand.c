/* SPDX-License-Identifier: MIT */
/* The clock hand: goes over all spaces and then over all objects, again and again. */
/*
 * There is one hand for the whole machine, so that many threads that are short of memory at once
 * share the work. It moves in pieces, with no lock held between them. Before a space or an object
 * is freed, the hand is moved past it. mm/swap/reclaim_pass.c decides what happens to each page.
 */
#include "mm/swap/clock_hand.h"

#include "mm/check/fence_debt.h"
#include "mm/object/page_cache.h"
#include "mm/swap/page_age.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/reclaim_pass.h"
#include "mm/swap/swap_io.h"
#include "sync/atomic.h"

struct reclaim_counts reclaim_counts; /* atomic */

struct clock_hand clock_hand; /* guarded as struct clock_hand says */

/* Held while the hand passes a piece of a space, which stays meanwhile. */
static struct spinlock hand_lock = SPINLOCK_INIT(LOCK_HAND);

/* ---- stamps ---- */

#define STAMPS (1ul << 38)

uint64_t reclaim_stamp(void)
{
	return counter_read(&reclaim_counts.dropped) % STAMPS;
}

bool reclaim_is_recent(uint64_t stamp)
{
	return (reclaim_stamp() - stamp) % STAMPS <= atomic_load_relaxed(&clock_hand.last_passed);
}

/* ---- the way of the hand ---- */

static struct space *space_at(struct list *link)
{
	return link == &spaces ? NULL : list_entry(link, struct space, link);
}

/* Moves the hand on to the next space, or to the objects. The caller holds both locks. */
static void hand_leave(const struct space *space)
{
	assert_hardened(spin_lock_held(&hand_lock) && spin_lock_held(&spaces_lock));
	clock_hand.space = space_at(space->link.next);
	clock_hand.va = 0;
}

void reclaim_space_gone(struct space *space)
{
	bool is_here;

	spin_lock(&spaces_lock);
	is_here = clock_hand.space == space;
	if (unlikely(is_here)) { /* and passes some of it, perhaps */
		spin_unlock(&spaces_lock);
		spin_lock(&hand_lock);
		spin_lock(&spaces_lock);
		if (clock_hand.space == space)
			hand_leave(space);
	}
	list_del(&space->link);
	spin_unlock(&spaces_lock);
	if (unlikely(is_here))
		spin_unlock(&hand_lock);
}

/* Moves the hand on in the spaces. Returns false if it is in the objects, or has come there. */
static bool hand_pass_spaces(void)
{
	unsigned filling = swap_filling();
	struct space *space;
	struct reclaim_pass pass;
	bool more;

	spin_lock(&hand_lock);
	space = clock_hand.space;
	if (!space) {
		spin_unlock(&hand_lock);
		return false;
	}
	reclaim_pass_init(&pass, BY_AGE, space, clock_hand.va);
	space_lock(space);
	more = reclaim_pass_space(&pass, space);
	gather_fence(&pass.gather);
	debt_assert_none(space);
	space_unlock(space);
	clock_hand.va = pass.next;
	if (!more) {
		spin_lock(&spaces_lock);
		hand_leave(space);
		spin_unlock(&spaces_lock);
	}
	spin_unlock(&hand_lock);
	gather_free(&pass.gather);
	write_unmapped(&pass, false);
	swap_submit(swap_filling() <= filling);
	return true;
}

/* All objects have been passed in this turn, unless another thread has started the next one. */
static void hand_start_turn(uint64_t turn)
{
	spin_lock(&hand_lock);
	spin_lock(&spaces_lock);
	if (!clock_hand.space && counter_read(&reclaim_counts.turns) == turn) {
		clock_hand.space = space_at(spaces.next);
		clock_hand.va = 0;
		object_hand_start();
		clock_hand.cooling = clock_hand.not_hot * 8 < clock_hand.passed;
		clock_hand.last_passed = clock_hand.passed;
		clock_hand.passed = clock_hand.not_hot = 0;
		counter_add(&clock_hand.hard_turns, clock_hand.hard);
		clock_hand.hard = atomic_exchange(&clock_hand.hard_next, 0u);
		counter_add(&reclaim_counts.turns, 1);
	}
	spin_unlock(&spaces_lock);
	spin_unlock(&hand_lock);
}

/*
 * Moves the hand on in the objects. As long as that adds pages to a request to the disk, the
 * request is not submitted before it is full.
 */
static void hand_pass_objects(void)
{
	uint64_t turn = counter_read(&reclaim_counts.turns);
	struct object *object = object_hand_get();
	unsigned filling;
	size_t dropped;
	bool more;

	if (!object) {
		swap_submit(true);
		hand_start_turn(turn);
		return;
	}
	if (!object_is_reclaimable(object)) {
		object_hand_put(object, false);
		return;
	}
	filling = swap_filling();
	more = object_reclaim_some(object, pass_object_page, !hand_is_hard(), &dropped);
	swap_submit(swap_filling() <= filling);
	counter_add(&reclaim_counts.dropped, dropped);
	object_hand_put(object, more);
}

void hand_move(void)
{
	if (!hand_pass_spaces())
		hand_pass_objects();
}
