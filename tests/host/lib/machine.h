/* SPDX-License-Identifier: MIT */
/* The least machine that sync and base need on the host. */
#pragma once

#include "lib/types.h"

/* What was last given to arch_timer_set(). */
extern uint64_t machine_deadline;

/*
 * What went out by machine_exit(), the power-off driver of the tests; it jumps to test_panic_jump.
 */
extern unsigned machine_status;
void machine_exit(unsigned status);
