/* SPDX-License-Identifier: MIT */
/* What a fault does, for the journal (base/journal.h). Only recorded spaces come here. */
#pragma once

#include "mm/fault.h"

/* Of one call of vm_fault(), while it has room in the journal. */
struct fault_record {
	unsigned room; /* records that are claimed and not yet written */
	bool lends; /* the first round: if struct fault_prepared has a frame, it is the prezeroed one */
	uint64_t counted[FAULT_KINDS]; /* the space's counters before this round */
	uint64_t layout;	       /* the space's before this round */
	vaddr_t window;		       /* the pages that a fault of a file may map */
	unsigned used;		       /* a bit for each whose entry was not EMPTY */
};

/*
 * Claims the room that a fault may need, for the rounds that follow. Returns VM_AGAIN, or VM_WAIT with
 * *fault->wait filled in if there is none. The caller holds no spinning lock.
 */
int fault_record_claim(struct fault *fault, struct fault_record *record);

/* Gives back what is left of the room, for a fault that ends between its rounds. */
void fault_record_end(struct fault_record *record);

/*
 * At the begin of each round: notes when the first one begins, and what there is before one with a claim.
 * The caller holds the space's lock until the round has ended.
 */
void fault_record_begin(struct fault *fault);

/*
 * At the end of a round: writes what it has changed or refused. Returns the outcome; VM_RECORDED for
 * VM_OK. Does nothing without a claim. The caller holds the space's lock.
 */
int fault_record_round(struct fault *fault, int outcome);
