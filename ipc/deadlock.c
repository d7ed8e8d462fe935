/* SPDX-License-Identifier: MIT */
/* Rings of servers that wait for each other. */
#include "ipc/deadlock.h"

#include "fs/fdtable.h"
#include "ipc/call.h"
#include "proc/pid.h"

/* A longer chain is not followed: its end is a time-out or a kill. */
#define CHAIN_MAX 64

/*
 * Returns the process that alone can answer, if that is the running one, or waits itself; else
 * NULL.
 */
static struct process *stuck_server_locked(struct endpoint *endpoint)
{
	struct file *end;
	uint32_t refs;
	struct process_id id = endpoint_server(endpoint, &end, &refs);
	struct process *process = end ? process_find_id(&id) : NULL;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!process || (process != current_process() && !atomic_load(&process->thread->waits_for)))
		return NULL;
	if (!process->fdtable || fdtable_count(process->fdtable, end) != refs)
		return NULL;
	return process;
}

/*
 * An endpoint that a thread waits for is not freed meanwhile: ipc_deadlock_settle() waits for this
 * lock first.
 */
bool ipc_deadlocks(struct endpoint *endpoint)
{
	struct process *server = NULL;

	spin_lock(&process_tree_lock);
	for (unsigned i = 0; endpoint && i < CHAIN_MAX; i++) {
		server = stuck_server_locked(endpoint);
		if (!server || server == current_process())
			break;
		endpoint = atomic_load(&server->thread->waits_for);
	}
	spin_unlock(&process_tree_lock);
	return server && server == current_process();
}

void ipc_deadlock_settle(void)
{
	spin_lock(&process_tree_lock);
	spin_unlock(&process_tree_lock);
}
