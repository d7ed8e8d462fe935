/* SPDX-License-Identifier: MIT */
/* Robust futexes, whose owner may die. */
#pragma once

/*
 * The running thread leaves its memory: marks the words of its robust list that it owns as having
 * a dead owner and wakes one sleeper of each. Bounded, whatever the list contains. Call while its
 * space is active.
 */
void futex_robust_exit(void);
