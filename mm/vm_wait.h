/* SPDX-License-Identifier: MIT */
/* How mm says "not now": what to wait for, and since when. */
#pragma once

#include "sync/waitq.h"

/*
 * Filled by whoever answers VM_WAIT. The caller, with no spinning lock held, enqueues on `queue`
 * unless the sequence has moved since `seq` was sampled, sleeps, and asks again from the start.
 */
struct vm_wait {
	struct waitq *queue;
	uint64_t seq;
	unsigned kind; /* set by vm_fault() alone, whatever it answers: enum fault_kind */
};

/* A positive result beside 0 and negative errno. */
#define VM_WAIT 1
