/* SPDX-License-Identifier: MIT */
/* Flushes the kernel's translations. */
#pragma once

/* Flushes all of them on all harts. */
void tlb_flush_kernel(void);
