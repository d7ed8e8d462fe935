/* SPDX-License-Identifier: MIT */
/* The table by which what happens to memory is recorded: empty, if nothing is. */
#include "mm/record.h"

/* const but for what is atomic or has its own lock */
struct mm_record mm_record = { .room = WAITQ_INIT(mm_record.room) };

enum vm_outcome record_find_room(struct space *space, struct vm_wait *wait)
{
	uint64_t seq = waitq_sample(&mm_record.room);

	assert_hardened(spin_lock_held(&space->lock));
	if (atomic_load_relaxed(&mm_record.over))
		space->recorded = false;
	if (!space->recorded || !atomic_load_relaxed(&mm_record.full))
		return VM_OK;
	wait->why = WAITS_FOR_JOURNAL;
	wait->queue = &mm_record.room;
	wait->seq = seq;
	return VM_WAIT;
}
