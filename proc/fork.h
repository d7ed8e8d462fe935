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
 * Has the new thread return 0 from the system call of the running thread. stack 0: its stack pointer is the running thread's;
 * tls NULL: its thread pointer is. Call before others can find the new thread.
 */
void thread_copy_frame(struct thread *thread, vaddr_t stack, const vaddr_t *tls);
