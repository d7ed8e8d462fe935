/* SPDX-License-Identifier: MIT */
/* The out-of-memory policy (R43). */
#pragma once

#include "mm/relieve.h"

/*
 * The rule: the process with the most memory is killed. What counts is what it has resident or is
 * charged for (mm/object_charge.h), its pages in swap, its page tables and its VMAs, and what its
 * descriptors and its system call keep. Of equals it is the youngest. Process 1 is killed only if no
 * other process is left. No process is killed while another one is ending and its memory
 * is not free yet: the exception is one that does not end for two seconds.
 *
 * The last steps of relieve() (mm/relieve.h), one for each call. If processes are ending, waits for
 * one of them for a limited time. If there is none, kills a process by the rule, logs its name and
 * has the OOM reaper free its private memory (oom_reap()). With relief->spare, no process is killed.
 * Returns 0 if the caller should try again, -EINTR if the running process has been killed, or
 * -ENOMEM if there is no process left to kill. Call with no spinning lock held; waiting locks may
 * be held.
 */
int oom_relieve(struct relief *relief);

/*
 * A process is about to leave its space. Until oom_memory_freed() it counts as one that is ending,
 * although it cannot be found by its space any more.
 */
void oom_memory_leaves(void);

/* The process has freed its memory: wakes the threads that wait for that. */
void oom_memory_freed(void);
