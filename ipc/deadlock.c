/* SPDX-License-Identifier: MIT */
/* Rings of servers that wait for each other. */
/*
 * To look along a chain of servers takes one hold of process_tree_lock, in which nobody in it goes
 * on. But a server's descriptors may be many, and to count those of its receive end takes long. So
 * one hold counts those of one server at most. The endpoint keeps the count: as long as there are
 * as many references, and the server has not begun to wait again, the count is right, for only the
 * server itself closes its descriptors.
 */
#include "ipc/deadlock.h"

#include "fs/fdtable.h"
#include "ipc/call.h"
#include "proc/pid.h"

/* A longer chain is not followed: its end is a time-out or a kill. */
#define CHAIN_MAX 64

/* Those who wait again meanwhile are counted again. This many counts are enough, or it is a kill. */
#define COUNTS_MAX (4 * CHAIN_MAX)

enum outcome { NO_RING, RING, LOOK_AGAIN };

/*
 * Does the process have all `refs` receive ends? Returns RING if it does, or LOOK_AGAIN if that is
 * known only now, and the next hold goes on.
 */
static enum outcome has_all_locked(struct endpoint *endpoint, const struct process *process,
				   const struct file *end, uint32_t refs)
{
	const struct thread *thread = process->thread;
	const struct ends_count now = { .birth = process->birth,
					.waits = atomic_load_relaxed(&thread->nvcsw) +
						 atomic_load_relaxed(&thread->ncalls),
					.ends = refs };
	struct ends_count *count = endpoint_ends(endpoint);

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (count->birth == now.birth && count->waits == now.waits && count->ends == now.ends)
		return RING;
	if (!process->fdtable || fdtable_count(process->fdtable, end) != refs)
		return NO_RING;
	*count = now;
	return LOOK_AGAIN;
}

/*
 * Finds the process that alone can answer. Returns NO_RING if there is none, or if it is neither
 * the running one nor waits itself.
 */
static enum outcome stuck_server_locked(struct endpoint *endpoint, struct process **server_ret)
{
	struct file *end;
	uint32_t refs;
	struct process_id id = endpoint_server(endpoint, &end, &refs);
	struct process *process = end ? process_find_id(&id) : NULL;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!process || (process != current_process() && !atomic_load(&process->thread->waits_for)))
		return NO_RING;
	*server_ret = process;
	return has_all_locked(endpoint, process, end, refs);
}

/*
 * An endpoint that a thread waits for is not freed meanwhile: ipc_deadlock_settle() waits for this
 * lock first.
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
		endpoint = atomic_load(&server->thread->waits_for);
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
