/* SPDX-License-Identifier: MIT */
/* Rings of servers that wait for each other. */
/*
 * The edges are kept where they are made: an endpoint knows which table has all descriptors of its receive end, and a thread
 * what it waits for. A call that is queued has them followed only after it has waited for a tick, and only if its caller serves
 * an endpoint itself: a ring consists of servers.
 *
 * process_tree_lock keeps the processes of the chain, but not their edges: a server may be answered meanwhile, and call another
 * one. So a ring has to be found twice, with the same numbers of calls. Then no edge has changed in between, and at the end of
 * the first walk all were there.
 */
#include "ipc/deadlock.h"

#include "arch/timer.h"
#include "base/clock.h"
#include "desc/fdtable.h"
#include "ipc/call.h"
#include "proc/pid.h"
#include "proc/sched.h"

/* A longer chain is not followed. If it is a ring, a time-out or a kill has to end it. */
#define CHAIN_MAX 64

#define LOOKS_BITS 8

/* Atomic: the number of a tick and, in the low bits, how many looks it has had. */
static uint64_t looks;

bool ipc_may_deadlock(void)
{
	const struct fdtable *table = current_thread()->fdtable;

	return table && fdtable_serves(table);
}

bool ipc_deadlock_may_look(void)
{
	uint64_t none = arch_time() / clock_ns_to_ticks(NSEC_PER_SEC / 1000 * SLICE_MS)
			<< LOOKS_BITS;
	uint64_t old, before;

	do {
		old = atomic_load_relaxed(&looks);
		before = MAX(old, none);
		if (before - none >= IPC_LOOKS_MAX)
			return false;
	} while (!atomic_cas(&looks, old, before + 1));
	return true;
}

/*
 * Returns the only process that can answer calls of the endpoint. Returns NULL if other processes can, or another thread of
 * it, or if that process is not the running one and waits for no answer itself. Adds to *ncalls how many calls the endpoint
 * has had, and the process has begun to wait for: of a wait that ends and begins anew, one of these tells.
 */
static struct process *stuck_server_locked(struct endpoint *endpoint, uint64_t *ncalls)
{
	struct answerer by;
	struct process *process;
	const struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!endpoint_answerer(endpoint, &by))
		return NULL;
	process = process_find_id(&by.process);
	thread = process ? process->leader : NULL;
	if (!process || process->nextra != 0 || thread->fdtable != by.table ||
	    fdtable_is_shared(thread->fdtable) ||
	    (process != current_process() && !atomic_load(&thread->waits_for)))
		return NULL;
	*ncalls += by.ncalls + atomic_load_relaxed(&thread->ncalls);
	return process;
}

/*
 * Does the chain lead back to the running process? Endpoints in thread->waits_for are followed without a reference. They are
 * not freed meanwhile, because ipc_deadlock_settle() takes process_tree_lock before one is freed.
 */
static bool is_ring_locked(struct endpoint *endpoint, uint64_t *ncalls)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	*ncalls = 0;
	for (unsigned i = 0; endpoint && i < CHAIN_MAX; i++) {
		struct process *server = stuck_server_locked(endpoint, ncalls);

		if (!server || server == current_process())
			return server != NULL;
		endpoint = atomic_load(&server->leader->waits_for);
	}
	return false;
}

static bool is_ring(struct endpoint *endpoint, uint64_t *ncalls)
{
	bool ring;

	spin_lock(&process_tree_lock);
	ring = is_ring_locked(endpoint, ncalls);
	spin_unlock(&process_tree_lock);
	return ring;
}

bool ipc_deadlocks(struct endpoint *endpoint)
{
	uint64_t ncalls, again;

	return is_ring(endpoint, &ncalls) && is_ring(endpoint, &again) && ncalls == again;
}

void ipc_deadlock_settle(void)
{
	spin_lock(&process_tree_lock);
	spin_unlock(&process_tree_lock);
}
