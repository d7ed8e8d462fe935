/* SPDX-License-Identifier: MIT */
/* Who waits for whom: a call that its caller would have to answer itself is refused. */
#pragma once

#include "lib/types.h"

struct endpoint;

/*
 * Would the running thread wait for itself if it waited for an answer of the endpoint? That is known
 * where one process, which has one thread, has the only receive end, and it is the caller's, or waits
 * for an answer in the same way, without a deadline, and so on up to the caller. In all other cases
 * the answer is false: somebody may come. If the thread waits without a deadline, thread->waits_for
 * is set already, so that of those who close a ring at the same moment at least one sees it. Call
 * with no spinning lock held.
 */
bool ipc_deadlocks(struct endpoint *endpoint);

/* Returns when nobody looks at an endpoint that no thread waits for any more: it may be freed. */
void ipc_deadlock_settle(void);
