/* SPDX-License-Identifier: MIT */
/* The out-of-memory policy (R43). */
#pragma once

#include "mm/swap/relieve.h"
#include "linux/process/thread_id.h"

struct thread_id;

/* What a process's oom_score_adj may be: the highest of 1000 counts as all memory, the lowest spares it. */
#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000

/*
 * The rule: the process with the most memory is killed. What counts is what it has resident or is
 * charged for (mm/object/object_charge.h), its pages in swap, its page tables and its VMAs, and what its
 * descriptors and its system call keep; its oom_score_adj adds so many thousandths of memory. Of equals it is the youngest.
 * If the processes of a user other than root have more than three quarters of what all have, the one with the most memory
 * among these is killed. A process that is spared is killed only if no other is left but servers and process 1; then come the
 * servers, and process 1 is the last. A server is one that process 1 has spared: nobody else can make one, and it makes none
 * by itself.
 * No process is killed while another one is ending and its memory is not free yet: the exception is one that does not end
 * for two seconds. Nor is one killed while frames above the low watermark are free.
 *
 * The last steps of relieve() (mm/swap/relieve.h), one for each call. If processes are ending, waits for
 * one of them for a limited time. If there is none, kills a process by the rule, logs its name and
 * has the OOM reaper free its private memory (oom_reap()). With relief->spare, no process is killed.
 * Returns 0 if the caller should try again, -EINTR if the running process has been killed, or -ENOMEM: there is no process
 * left to kill, or frames were free and the caller has come again many times. Call with no spinning lock held; waiting locks may
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

/* What /proc shows: the value, and a score from 0 (spared, or none) to 2000, as Linux reckons it. Returns 0 or -ESRCH. */
int oom_score(const struct thread_id *id, int *adj_ret, unsigned *score_ret);
/*
 * Sets it for the thread's process. If process 1 sets the lowest, that process is a server. Returns 0; -EACCES: lower than the
 * caller may set it; or -ESRCH.
 */
int oom_set_score_adj(const struct thread_id *id, int adj);
