/* Why a process was killed, in words (R121). */
#pragma once

#include "lib/types.h"

struct trap_frame;

/*
 * What vm_fault() answered (VM_SEGV_*, VM_BUS), for the access RIGHT_*; from a system call or a
 * copy too.
 */
void report_fault(const struct trap_frame *frame, vaddr_t addr, unsigned right, int outcome,
		  int sig);

/* Any other exception: what it was in words. */
void report_exception(const struct trap_frame *frame, const char *what, vaddr_t addr, int sig);
