/* SPDX-License-Identifier: MIT */
/* The begin of a round in a recorded space. (Its end: mm/record.h.) */
#pragma once

#include "arch/timer.h"
#include "mm/fault/fault.h"
#include "mm/record.h"

/*
 * Notes when the round began, and what for the access has waited. Returns VM_OK, or VM_WAIT if there is no room for a
 * record: it is looked for before anything is changed. The caller holds the space's lock until the round has ended.
 */
static inline enum vm_outcome fault_record_begin(struct fault *fault)
{
	struct vm_wait *wait = fault->wait;

	fault->begun = arch_instructions();
	if (unlikely(wait->object)) {
		fault->waited = wait->why;
		wait->why = 0;
	}
	if (likely(!atomic_load_relaxed(&mm_record.full)))
		return VM_OK;
	return record_find_room(fault->space, wait);
}

/* The round has made a stack larger. To tell this takes no instructions of the round. */
static inline void fault_record_grown(struct fault *fault, const struct vma *stack)
{
	uint64_t begun = arch_instructions();

	note_areas(fault->space, stack->start, stack->end);
	fault->begun += arch_instructions() - begun;
}
