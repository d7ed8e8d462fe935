/* SPDX-License-Identifier: MIT */
/* Rings of servers that wait for each other. */
#include "ipc/deadlock.h"

#include "fs/fdtable.h"
#include "ipc/call.h"
#include "proc/pid.h"

/* A longer chain is not followed: its end is a time-out or a kill. */
#define CHAIN_MAX 64

/* The process that has all descriptors of the receive end, or NULL if none is known. */
static struct process *only_server_locked(struct endpoint *endpoint)
{
	struct file *end;
	uint32_t refs;
	struct process_id id = endpoint_server(endpoint, &end, &refs);
	struct process *process = end ? process_find_id(&id) : NULL;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!process || !process->fdtable || fdtable_count(process->fdtable, end) != refs)
		return NULL;
	return process;
}

/*
 * An endpoint that a thread waits for is not freed meanwhile: ipc_deadlock_settle() waits for this
 * lock first.
 */
bool ipc_deadlocks(struct endpoint *endpoint)
{
	bool deadlocks = false;

	spin_lock(&process_tree_lock);
	for (unsigned i = 0; endpoint && i < CHAIN_MAX; i++) {
		struct process *server = only_server_locked(endpoint);

		if (!server)
			break;
		deadlocks = server == current_process();
		if (deadlocks)
			break;
		endpoint = atomic_load(&server->thread->waits_for);
	}
	spin_unlock(&process_tree_lock);
	return deadlocks;
}

void ipc_deadlock_settle(void)
{
	spin_lock(&process_tree_lock);
	spin_unlock(&process_tree_lock);
}
