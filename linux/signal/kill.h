/* SPDX-License-Identifier: MIT */
/* Finds the processes that a signal is sent to. */
#pragma once

#include "linux/signal/signal.h"
#include "linux/process/thread_id.h"

struct thread_id;

/* May the running process send that signal to another one, by the ids of its thread `to`? Call with process_tree_lock held. */
bool signal_may_send(const struct process *process, const struct thread *to, int sig);

/*
 * kill(2). pid > 0: that process. 0: the caller's process group. -1: all processes except process 1
 * and the caller. Less than -1: process group -pid. With sig 0, only checks that there is a
 * receiver. Returns 0, -ESRCH or -EINVAL. As on Linux, a signal that process 1 does not catch is
 * accepted and dropped.
 */
int process_kill(int pid, int sig);
/* rt_sigqueueinfo(2). Returns 0, -EAGAIN, -EINVAL or -ESRCH. */
int process_signal(int pid, const struct signal_info *info);
/*
 * tkill(2), tgkill(2) and rt_tgsigqueueinfo(2): to the thread of that id, which must be one of process
 * `pid`, if that is not 0. Returns the same.
 */
int thread_signal(int pid, int tid, const struct signal_info *info);

/* What a signal that is sent to an id is for. */
enum signal_scope {
	SIGNAL_TO_THREAD,
	SIGNAL_TO_PROCESS, /* of which it is a thread */
	SIGNAL_TO_GROUP,   /* of that number */
};
/*
 * pidfd_send_signal(2). As on Linux, the group is that of the number. Returns the same as
 * process_signal(); -ESRCH also if what has the id has been reaped, though its group may live on.
 */
int signal_send_id(const struct thread_id *id, enum signal_scope scope,
		   const struct signal_info *info);

/* Sends a signal as if the running process had killed itself: SIGPIPE and the like. */
void signal_raise(int sig);

/*
 * Sends to a process group. Returns -ESRCH if it is empty. Call with process_tree_lock held; it is
 * dropped in between.
 */
int signal_send_group(int group, int sig);
