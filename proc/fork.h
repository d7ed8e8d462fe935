/* SPDX-License-Identifier: MIT */
/* What makes one process, or thread, the copy of another. */
#pragma once

#include "lib/types.h"

struct process;
struct thread;

/*
 * Gives the child, which has a leader, a copy of the space of the running process: pages are copied when one of the two writes
 * to them. Returns 0, -ENOMEM or -EINTR; the child may have a space in any case.
 */
int process_copy_space(struct process *parent, struct process *child);

/* From now on, threads may fault in the running process's space on several harts at once. */
void process_share_space(struct process *process);

/*
 * The new thread returns from the running one's system call, with 0; on another stack unless that is 0; with another thread
 * pointer unless that is NULL. Call before it can be found.
 */
void thread_copy_frame(struct thread *thread, vaddr_t stack, const vaddr_t *tls);
