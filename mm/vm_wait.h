/* SPDX-License-Identifier: MIT */
/* VM_WAIT, a result of mm that tells its caller to wait, and what for. */
#pragma once

#include "sync/waitq.h"

struct object;

/*
 * Filled in by the function that returns VM_WAIT. The caller, with no spinning lock held, enqueues
 * on `queue` unless its sequence has moved on from `seq`, sleeps, and then calls again from the
 * start with the same struct. vm_wait_init() comes before the first call for an access.
 */
struct vm_wait {
	struct waitq *queue;
	uint64_t seq;
	unsigned kind; /* set by vm_fault() alone, whatever it returns: enum fault_kind */
	bool major;    /* set where a device has been asked for a page: a major fault */
	/*
	 * The access has started a read of the page `index` of this object, or waited for one: if it
	 * has failed, the access is told. NULL: of none. Only compared: the object may be gone.
	 */
	const struct object *object;
	uint64_t index;
};

static inline void vm_wait_init(struct vm_wait *wait)
{
	wait->object = NULL;
}

/* A positive result, besides 0 and negative errno. */
#define VM_WAIT 1
