/* SPDX-License-Identifier: MIT */
/* Finds deadlocks of calls: a call that its caller would have to answer itself is refused. */
#pragma once

#include "lib/types.h"

struct endpoint;

/* Could a call make the running thread wait for itself? Not if its table has no receive end. Takes no lock. */
bool ipc_may_deadlock(void);

/*
 * May the running thread look for a ring now? The threads of all harts together may look IPC_LOOKS_MAX times in each tick
 * of SLICE_MS.
 */
#define IPC_LOOKS_MAX 64
bool ipc_deadlock_may_look(void);

/*
 * Would a call of the endpoint make the running thread wait for itself? True if one process has all
 * descriptors of the endpoint's receive end, and that process is the caller or waits, without a
 * deadline, for an endpoint of which the same is true. (A process has one thread.) In all other
 * cases another process may still answer, and the result is false.
 *
 * If the running thread waits without a deadline, it has set thread->waits_for before. So of several threads that close a ring,
 * the one that looks last sees it. Call with no spinning lock held.
 */
bool ipc_deadlocks(struct endpoint *endpoint);

/*
 * Waits until no search for deadlocks can be looking at an endpoint that no thread waits for any
 * more. After that it may be freed.
 */
void ipc_deadlock_settle(void);
