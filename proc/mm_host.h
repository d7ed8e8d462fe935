/* SPDX-License-Identifier: MIT */
/* Provides mm/host.h: what mm/ needs from the code that owns threads. */
#pragma once

/* Sets mm_host. Called during boot, together with the scheduler's initialization. */
void mm_host_init(void);
