/* SPDX-License-Identifier: MIT */
/* The end of threads and processes: who else has to know, and who adopts the children. */
#pragma once

#include "linux/signal/signal.h"

struct process;

/*
 * The running thread ends with that status as wait4 packs it; `all`: its whole process. Has signals go to others, and sets the
 * state and the status of a process of which it is the last thread. May wait; no lock is held.
 */
void end_begin(int status, bool all);
/*
 * The process has let go of its memory and its files: gives its children to others. Call with process_tree_lock held; it may be
 * dropped in between.
 */
void end_leave(struct process *process);
/*
 * The process is a zombie: wakes and tells its parent, and may forget the process. Call with process_tree_lock held, and
 * preemption off.
 */
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
