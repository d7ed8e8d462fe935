/* SPDX-License-Identifier: MIT */
/* The kernel thread that looks after the sessions. */
#pragma once

/*
 * Starts the thread, if it does not run yet. It ends requests that are too late, and starts to write what is dirty.
 * Nodes are forgotten from then on when memory is short. Returns 0 or -ENOMEM.
 */
int p9_tend_start(void);
