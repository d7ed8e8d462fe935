/* SPDX-License-Identifier: MIT */
/* Who gets a signal that somebody sends. */
#pragma once

#include "proc/signal/signal.h"

/*
 * kill(2). pid > 0: that process; 0: the caller's group; -1: all but process 1 and the caller;
 * below: the group -pid. sig 0 only looks. 0, -ESRCH, -EINVAL. As on Linux a signal to process 1
 * that it has not caught is taken and dropped.
 */
int process_kill(int pid, int sig);
/* tkill(2), rt_sigqueueinfo(2) and the like: to that process, with these facts. 0, -EAGAIN, -EINVAL, -ESRCH. */
int process_signal(int pid, const struct signal_info *info);

/* As if the running process had killed itself: SIGPIPE and the like. */
void signal_raise(int sig);

/* To each member of a process group: -ESRCH: it has none. => process_tree_lock held */
int signal_send_group(int group, int sig);

/* To every process but 1. => not in an interrupt handler */
void signal_send_all(int sig);
