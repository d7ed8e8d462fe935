/* SPDX-License-Identifier: MIT */
/* The thread that reclaims memory before an allocation fails. */
#pragma once

/* Starts it. Returns 0 or -ENOMEM. Called once, during boot, in a thread. */
int reclaim_thread_start(void);
