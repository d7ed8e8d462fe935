/* SPDX-License-Identifier: MIT */
/* The out-of-memory policy (R43). */
#pragma once

#include "mm/relieve.h"

/*
 * The last steps of relieve() (mm/relieve.h), one at a time. Where processes are ending it gives one
 * of them time to go. Where that has not helped it ends the process with the most memory, page
 * tables included (never process 1 unless it is alone), names it on the log and strips its private
 * memory at once; for a request that is to spare all, it does not. 0: it is worth while to ask again;
 * -EINTR: the running process is to end; -ENOMEM: nobody is left to end.
 * => no spinning lock held; waiting locks may be
 */
int oom_relieve(struct relief *relief);

/* A process that ended has given its memory back: those who wait for it ask again. */
void oom_memory_freed(void);
