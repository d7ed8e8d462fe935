/* SPDX-License-Identifier: MIT */
/* Stopping and continuing processes. */
#pragma once

#include "lib/types.h"

struct process;
struct thread;

/*
 * Stops the running thread, if its tracer wants it to, until that lets it go on. Else, or as well,
 * stops the thread, and its process by the signal in signals.stopping, until SIGCONT or a
 * kill. The parent is notified when all threads have stopped, and of the continuation. Does nothing if
 * SIGCONT has come in between. Also does nothing if the process group is orphaned, because then no
 * process could continue it, unless the signal is SIGSTOP. Call with no lock held.
 */
void process_stop(void);

/* The thread begins to end: a stop does not wait for it any more. Call with process_tree_lock held. */
void process_stop_leave(struct thread *thread);

/*
 * Returns the status of a stop or a continuation that wait4 may report, or -1 if there is none, as
 * for a child that is about to end. With take, the event is reported now and not again. Call with
 * process_tree_lock held.
 */
int child_stop_event(struct process *child, unsigned options, bool take);
