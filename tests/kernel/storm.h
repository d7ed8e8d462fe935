/* SPDX-License-Identifier: MIT */
/* Storms: a timer asks whoever runs for its hart, again and again, while three processes do what a test says. */
#pragma once

#include "tests/kernel/ktest.h"

#define STORM_AREA \
	0x40000ul /* where storm_map() maps memory of the running process; returns 0, or -1 */
#define STORM_PAGES 8
int storm_map(void);

/* Runs fn in three processes, with the arguments 0, 1 and 2. It returns 0 if all is well, after storm_count_switches(). */
void storm_run_three(int (*fn)(void *arg));
/* Is there to be another round after so many, of which there are `rounds` at least? */
bool storm_goes_on(uint64_t round, uint64_t rounds);
void storm_count_switches(void);
