/* SPDX-License-Identifier: MIT */
/* The end of threads and processes: hooks of base/os_layer.def; who adopts the children; and who is told. */
#pragma once

#include "linux/signal/signal.h"

struct process;

/* Hooks. */
void end_begin(int status, bool all);
void end_leave(struct process *process);
void end_notify(struct process *process);

/* PR_SET_CHILD_SUBREAPER of a living process, or its end. Call with process_tree_lock held. */
void process_set_subreaper(struct process *process, bool subreaper);

/* Returns what SIGCHLD says of a process that has ended. Call with process_tree_lock held. */
struct signal_info process_end_siginfo(const struct process *process);

/*
 * Tells the parent of a zombie of its end; or its tracer, which calls this when the parent may know. The process
 * may be forgotten meanwhile. Call with process_tree_lock held.
 */
void process_tell_end(struct process *process);
