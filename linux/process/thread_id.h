/* SPDX-License-Identifier: MIT */
/* Threads by their ids, and threads that are remembered. */
#pragma once

#include "proc/pid.h"

/*
 * Returns the living or zombie process that has a thread of that id, for calls that Linux has for threads; or NULL.
 * Call with process_tree_lock held.
 */
struct process *process_find_any(int id);

/* Names one thread for ever, or whichever is the leader of a process. */
struct thread_id {
	struct process_id process;
	int tid;
	uint64_t birth; /* 0: the leader */
};

/* Returns the id of a thread. Call with process_tree_lock held. */
struct thread_id thread_id_of(const struct thread *thread);
/* Returns the thread of that id; NULL if it has ended, and for a leader if it has been reaped. */
struct thread *thread_find_id(const struct thread_id *id);
/*
 * Returns the oldest thread of the process whose id has that birth or a later one, or NULL. Looks at
 * PROCESS_THREADS_MAX at most. Call with process_tree_lock held.
 */
struct thread *thread_next(const struct process *process, uint64_t birth);
