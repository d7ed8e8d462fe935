/* SPDX-License-Identifier: MIT */
/* The out-of-memory policy (R43). */
#pragma once

#include "mm/relieve.h"

/*
 * The last steps of relieve() (mm/relieve.h), one for each call. If processes are ending, waits for
 * one of them for a limited time. If that has not helped, kills the process with the most memory,
 * including its page tables, logs its name and has the OOM reaper free its private memory at once.
 * Process 1 is killed only if it is alone. With relief->spare, no process is killed. Returns 0 if
 * the caller should try again, -EINTR if the running process has been killed, or -ENOMEM if there
 * is no process left to kill. Call with no spinning lock held; waiting locks may be held.
 */
int oom_relieve(struct relief *relief);

/* A process that ended has freed its memory: wakes the threads that wait for that. */
void oom_memory_freed(void);
