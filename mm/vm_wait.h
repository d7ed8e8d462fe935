/* SPDX-License-Identifier: MIT */
/* VM_WAIT, a result of mm that tells its caller to wait, and what for. */
#pragma once

#include "sync/waitq.h"

/*
 * Filled in by the function that returns VM_WAIT. The caller, with no spinning lock held, enqueues
 * on `queue` unless its sequence has moved on from `seq`, sleeps, and then calls again from the
 * start.
 */
struct vm_wait {
	struct waitq *queue;
	uint64_t seq;
	unsigned kind; /* set by vm_fault() alone, whatever it returns: enum fault_kind */
	bool major;    /* set where a device has been asked for a page: a major fault */
};

/* A positive result, besides 0 and negative errno. */
#define VM_WAIT 1
