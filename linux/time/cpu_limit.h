/* SPDX-License-Identifier: MIT */
/* RLIMIT_CPU: what happens to a process that has run for too long. */
#pragma once

struct process;

/*
 * The limit has been set, or the process is new. From then on the process gets SIGXCPU when it has run for as many seconds as
 * the soft limit says, and once more for each second after that: each raises the soft limit. At the hard limit it is killed.
 * Call with process_tree_lock held.
 */
void cpu_limit_begin(struct process *process);
