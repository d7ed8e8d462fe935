/* SPDX-License-Identifier: MIT */
/* Requests for memory: moves the clock hand until enough frames have been freed. */
/*
 * The hand itself is in mm/swap/clock_hand.c, and what happens to each page in mm/swap/reclaim_pass.c. This file
 * decides how long a thread moves the hand, and when it waits for writes instead.
 */
#include "mm/swap/reclaim.h"

#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/swap/clock_hand.h"
#include "mm/swap/reclaim_pass.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_io.h"
#include "mm/swap/swap_out.h"
#include "mm/vm_wait.h"
#include "sync/atomic.h"
#include "sync/lockorder.h"

/*
 * reclaim() gives up after this many full turns that free too little. The first turns make new pages
 * cold, and then those that were hot. The last turn is hard.
 */
#define TURNS 4

/* The turns for memory that no thread waits for: pages that were hot stay. */
#define TURNS_AHEAD (TURNS - 2)

/* What one call of reclaim() is to do. */
struct reclaim_request {
	size_t want;
	unsigned turns_max;
	uint64_t turns, dropped; /* of reclaim_counts, at its begin */
	uint64_t hard_turns;	 /* at its begin */
};

static uint64_t request_freed(const struct reclaim_request *request)
{
	return counter_read(&reclaim_counts.dropped) - request->dropped;
}

static uint64_t request_turns(const struct reclaim_request *request)
{
	return counter_read(&reclaim_counts.turns) - request->turns;
}

/* Is a hard turn still to be made? Other threads' turns count, but one of them must be hard. */
static bool request_lacks_hard_turn(const struct reclaim_request *request)
{
	return request->turns_max == TURNS && hand_hard_turns() == request->hard_turns;
}

/* Have enough turns been made to give up? */
static bool request_had_turns(const struct reclaim_request *request)
{
	return request_turns(request) > request->turns_max && !request_lacks_hard_turn(request);
}

/* Moves the hand by a piece. */
static void move_hand_for(const struct reclaim_request *request)
{
	if (request_turns(request) >= TURNS - 1 && request_lacks_hard_turn(request) &&
	    !hand_is_hard())
		hand_want_hard_turn();
	swap_out_prepare();
	hand_move();
}

/*
 * Returns true if enough frames will be free once the submitted writes are done, or if nothing is left to do but to
 * wait for these writes.
 */
static bool request_must_wait(const struct reclaim_request *request)
{
	unsigned writing = swap_writing();

	return writing && !swap_filling() &&
	       (request_freed(request) + writing >= request->want || !swap_may_write() ||
		request_had_turns(request));
}

/* Returns true if a write request that is not full is to be submitted now, because no more pages are needed. */
static bool request_is_enough(const struct reclaim_request *request)
{
	return request_had_turns(request) ||
	       request_freed(request) + swap_writing() >= request->want + swap_filling();
}

/* Moves the hand until enough has been freed. Returns 0, or -EINTR. */
static int move_hand(const struct reclaim_request *request)
{
	lockorder_assert_none_spinning();
	while (request_freed(request) < request->want) {
		struct vm_wait wait = { .queue = &swap_written,
					.seq = waitq_sample(&swap_written) };
		bool waits;

		if (request_is_enough(request))
			swap_submit(true);
		waits = request_must_wait(request);
		if (!waits && request_had_turns(request) && !swap_writing())
			break;
		if (mm_host.pause(waits ? &wait : NULL))
			return -EINTR;
		if (!waits)
			move_hand_for(request);
	}
	return 0;
}

/* Returns what reclaim() does. */
static ssize_t reclaim_some(size_t want, unsigned turns_max)
{
	const struct reclaim_request request = { .want = want,
						 .turns_max = turns_max,
						 .turns = counter_read(&reclaim_counts.turns),
						 .dropped = counter_read(&reclaim_counts.dropped),
						 .hard_turns = hand_hard_turns() };
	int error = move_hand(&request);

	swap_submit(true);
	return error ?: (ssize_t)request_freed(&request);
}

ssize_t reclaim(size_t want)
{
	counter_add(&reclaim_counts.direct, 1);
	return reclaim_some(want, TURNS);
}

size_t reclaim_ahead(size_t want)
{
	return (size_t)reclaim_some(want, TURNS_AHEAD);
}

/* ---- madvise ---- */

/* Passes a piece of a range from pass->next on. */
static void advise_piece(struct reclaim_pass *pass, vaddr_t end)
{
	struct space *space = pass->vma->space;
	vaddr_t from = MAX(pass->next, pass->vma->touched_start);
	vaddr_t to = MIN(end, pass->vma->touched_end);

	space_lock(space);
	if (from >= to || !arch_mmu_visit(&space->mmu, from, to, reclaim_pass_leaf, pass))
		pass->next = end;
	gather_fence(&pass->gather);
	debt_assert_none(space);
	space_unlock(space);
	gather_free(&pass->gather);
}

void reclaim_range(const struct vma *vma, vaddr_t start, vaddr_t end, enum reclaim_how how)
{
	const bool out = how == SEND_OUT;
	const bool spares_files = out && !object_may_know_cached(vma->object);
	struct reclaim_pass pass;

	pass.next = start;
	do {
		swap_out_prepare();
		reclaim_pass_init(&pass, how, vma->space, pass.next);
		pass.vma = vma;
		pass.spares_files = spares_files;
		advise_piece(&pass, end);
		write_unmapped(&pass, true);
	} while (!vm_pause() && pass.next < end);
	if (out && !spares_files && object_is_reclaimable(vma->object))
		write_cold_pages(vma->object, vma_index(vma, start), vma_index(vma, end) - 1, true);
	swap_submit(true);
}
