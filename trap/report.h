/* SPDX-License-Identifier: MIT */
/* Why a process was killed, in words (R121): ten lines of the log at most. */
#pragma once

#include "lib/types.h"

struct trap_frame;

/* What vm_fault() answered (VM_SEGV_*, VM_BUS), for the access RIGHT_* of a program. */
void report_fault(const struct trap_frame *frame, vaddr_t addr, unsigned right, int outcome,
		  int sig);

/* Any other exception: what it was in words, and what of it is worth a look. */
enum report_detail { REPORT_ADDRESS, REPORT_INSTRUCTION };
void report_exception(const struct trap_frame *frame, const char *what, enum report_detail detail,
		      vaddr_t addr, int sig);
