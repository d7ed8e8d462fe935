/* SPDX-License-Identifier: MIT */
/* Writes faults that are over to the journal (base/journal.h). */
#pragma once

#include "base/trace.h"
#include "mm/vm_wait.h"

/* Returns the signal that the running thread's fault became, or 0. */
int fault_signal(void);

/*
 * Call if journal_is_on(), at the end of each fault of the running thread, and before the trace record is
 * completed. record: NULL, if other threads have run for so long that it is gone. result: 0; that of a
 * user copy, a negative errno; otherwise any other number if the fault was refused. Waits for room; the
 * caller holds no spinning lock and has interrupts on.
 */
void fault_note(const struct trace_fault *record, const struct vm_wait *wait, vaddr_t addr,
		unsigned access, int result, bool waited);
