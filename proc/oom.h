/* The out-of-memory policy (R43). */
#pragma once

#include "lib/types.h"

/*
 * No frame could be had: drops clean pages of files that nobody uses, and where that brings little
 * ends the process with the most memory, page tables included (never process 1 unless it is alone),
 * names it on the log, strips its private memory at once. Where one is on its way out
 * already, gives it time to go. 0: it is worth while to ask again; -EINTR: the running process is
 * to end; -ENOMEM: nobody is left to kill.
 * => no spinning lock held; waiting locks may be
 */
int oom_relieve(void);

/* A process that ended has given its memory back: those who wait for it ask again. */
void oom_memory_freed(void);
