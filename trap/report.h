/* SPDX-License-Identifier: MIT */
/* Reports why a process was killed (R121), in at most ten lines of the log, and eleven for a backtrace. */
#pragma once

#include "base/os_layer.h"
#include "lib/types.h"

struct trap_frame;

/*
 * Reports a page fault that kills the running process. right: the access, one of VM_PROT_*;
 * outcome: what vm_fault() returned (VM_SEGV_*, VM_BUS), and kind: of which fault (enum
 * fault_kind). Call in a process, without a spinning lock; may wait.
 */
void report_fault(const struct trap_frame *frame, vaddr_t addr, unsigned right, int outcome,
		  unsigned kind, enum refusal why);

/*
 * Reports any other exception. what: its name in words; detail: whether the report shows addr or
 * the instruction at the pc. Call as report_fault().
 */
enum report_detail { REPORT_ADDRESS, REPORT_INSTRUCTION };
void report_exception(const struct trap_frame *frame, const char *what, enum report_detail detail,
		      vaddr_t addr, enum refusal why);
