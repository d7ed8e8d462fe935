/* SPDX-License-Identifier: MIT */
/* What a fault does, for the journal (record/journal.h). Only recorded spaces come here. */
#pragma once

#include "mm/fault/fault.h"
#include "record/journal.h"

/*
 * The records of a round are written at its end, under the space's lock, so that they have the order of the
 * changes. Room for them is looked for when the first round begins, and if that is not the last, claimed
 * when it ends. If there is none, the fault waits before it has changed anything. The record of the fault's
 * end follows that of its last round. It is left in vm_wait.record for the caller to complete.
 */

/*
 * Was room the last that the fault had to wait for? Then recorded_work is what the journal had taken for it up
 * to then.
 */
static inline bool fault_waits_for_room(const struct vm_wait *wait)
{
	return unlikely(wait->object) && journal_has_queue(wait->queue);
}

/*
 * How many instructions the journal has taken since the fault came, or it has waited for room in it: they are
 * not the fault's own. The fault has not ended with its first round.
 */
static inline uint64_t fault_record_work(const struct vm_wait *wait)
{
	if (fault_waits_for_room(wait))
		return wait->recorded_work + (arch_instructions() - wait->recorded_at);
	return journal_work() - wait->recorded_work;
}

/* fault_record_begin() for a round that is not the first of its access. (Then wait->object is set.) */
enum vm_outcome fault_record_begin_again(struct fault *fault, uint64_t now);

/* fault_record_begin() where there was no room in the journal when that was last looked for. */
enum vm_outcome fault_record_find_room(struct fault *fault);

/*
 * At the begin of each round: notes when that was. Returns VM_OK, or VM_RECORD if there is no room. The
 * caller holds the space's lock until the round has ended.
 */
static inline enum vm_outcome fault_record_begin(struct fault *fault)
{
	struct vm_wait *wait = fault->wait;
	uint64_t now = arch_instructions();

	if (unlikely(wait->object))
		return fault_record_begin_again(fault, now);
	fault->begun = now;
	wait->rounds = 0;
	return likely(journal_has_room_yet()) ? VM_OK : fault_record_find_room(fault);
}

/*
 * At the end of a round: writes what it has changed or refused. Returns the outcome; VM_RECORDED for
 * VM_OK. The caller holds the space's lock.
 */
enum vm_outcome fault_record_round(struct fault *fault, enum vm_outcome outcome);

/*
 * Instead of another round: the fault ends, or has found no room. Returns the outcome; VM_WAIT for VM_RECORD.
 * The caller holds no spinning lock.
 */
enum vm_outcome fault_record_aside(struct fault *fault, enum vm_outcome outcome);

/* Is the access told to wait, or to have memory freed, and has not come again? Of a recorded one. */
static inline bool fault_is_waiting(const struct vm_wait *wait)
{
	return wait->object && wait->why;
}

/* Writes for what the access to that page has waited, without a look for room. */
void fault_record_wait(const struct vm_wait *wait, uint32_t space, vaddr_t va, unsigned access);

/* The round has made a stack larger. */
void fault_record_grown(struct fault *fault, const struct vma *stack);
