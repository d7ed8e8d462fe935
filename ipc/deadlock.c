/* SPDX-License-Identifier: MIT */
/* Rings of servers that wait for each other. */
/*
 * A chain of servers is followed in one hold of process_tree_lock, so that no server of the chain
 * can change what it waits for meanwhile. But a server may have many descriptors, and it takes long
 * to count how many of them are its receive end. So one hold counts the descriptors of at most one
 * server.
 *
 * The endpoint keeps the result (struct ends_count). It stays valid while the receive end has the
 * same number of references and the server has not begun another wait: only the server itself can
 * close its descriptors.
 */
#include "ipc/deadlock.h"

#include "desc/fdtable.h"
#include "ipc/call.h"
#include "proc/pid.h"

/* A longer chain is not followed. If it is a ring, a time-out or a kill has to end it. */
#define CHAIN_MAX 64

/*
 * A server that begins another wait meanwhile is counted again. After so many counts the search
 * gives up; a kill has to end the ring then.
 */
#define COUNTS_MAX (4 * CHAIN_MAX)

enum outcome { NO_RING, RING, LOOK_AGAIN };

/*
 * Are all `refs` references to the receive end descriptors of this process alone? Returns RING if they
 * are and the kept count says so, NO_RING if not, and LOOK_AGAIN after a count that found that they
 * are: the search then starts again in another hold.
 */
static enum outcome has_all_locked(struct endpoint *endpoint, const struct process *process,
				   const struct file *end, uint32_t refs)
{
	const struct thread *thread = process->leader;
	const struct ends_count now = { .birth = process->birth,
					.waits = atomic_load_relaxed(&thread->nvcsw) +
						 atomic_load_relaxed(&thread->ncalls),
					.ends = refs };
	struct ends_count *count = endpoint_ends(endpoint);

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (count->birth == now.birth && count->waits == now.waits && count->ends == now.ends)
		return RING;
	if (!thread->fdtable || fdtable_is_shared(thread->fdtable) ||
	    fdtable_count(thread->fdtable, end) != refs)
		return NO_RING;
	*count = now;
	return LOOK_AGAIN;
}

/*
 * Finds the only process that can answer calls of the endpoint. Returns NO_RING if other processes
 * can, or another thread of it, or if that process is not the running one and waits for no answer
 * itself.
 */
static enum outcome stuck_server_locked(struct endpoint *endpoint, struct process **server_ret)
{
	struct file *end;
	uint32_t refs;
	struct process_id id = endpoint_server(endpoint, &end, &refs);
	struct process *process = end ? process_find_id(&id) : NULL;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!process || process->nextra != 0 ||
	    (process != current_process() && !atomic_load(&process->leader->waits_for)))
		return NO_RING;
	*server_ret = process;
	return has_all_locked(endpoint, process, end, refs);
}

/*
 * Endpoints in thread->waits_for are followed without a reference. They are not freed meanwhile,
 * because ipc_deadlock_settle() takes process_tree_lock before one is freed.
 */
static enum outcome look_locked(struct endpoint *endpoint)
{
	struct process *server;
	enum outcome outcome;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for (unsigned i = 0; endpoint && i < CHAIN_MAX; i++) {
		outcome = stuck_server_locked(endpoint, &server);
		if (outcome != RING || server == current_process())
			return outcome;
		endpoint = atomic_load(&server->leader->waits_for);
	}
	return NO_RING;
}

bool ipc_deadlocks(struct endpoint *endpoint)
{
	enum outcome outcome = LOOK_AGAIN;

	for (unsigned i = 0; outcome == LOOK_AGAIN && i < COUNTS_MAX; i++) {
		spin_lock(&process_tree_lock);
		outcome = look_locked(endpoint);
		spin_unlock(&process_tree_lock);
	}
	return outcome == RING;
}

void ipc_deadlock_settle(void)
{
	spin_lock(&process_tree_lock);
	spin_unlock(&process_tree_lock);
}
