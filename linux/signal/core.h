/* SPDX-License-Identifier: MIT */
/* Core dumps: who writes a core file, and who waits for that. */
#pragma once

#include "linux/process/linux_process.h"
#include "linux/signal/signal.h"
#include "proc/process.h"

/*
 * Does the signal end the process by a core file, if it has its default action (RLIMIT_CORE)? Then it is not fatal until
 * a thread takes it, and writes the file.
 */
static inline bool core_is_wanted(const struct process *process, int sig)
{
	return atomic_load_relaxed(&linux_process(process)->rlimits[RLIMIT_CORE].cur) >=
		       PAGE_SIZE &&
	       process->pid != PID_INIT && signal_default(sig) == SIGNAL_CORE;
}

/*
 * The running thread has taken such a signal: writes the core file, once the other threads wait or have ended, and has
 * the process end. It has called nothing that a kill must undo. Call on the way to user mode, with no lock held.
 */
void core_dump(const struct signal_info *info);

/* The running thread is to end while its process is `dumping`: first waits until the core file is written. Call with no lock held. */
void core_wait_for_dump(void);
