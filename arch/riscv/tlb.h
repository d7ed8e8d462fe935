/* SPDX-License-Identifier: MIT */
/* Making harts forget the kernel's translations. */
#pragma once

/* All of them, on all harts. */
void tlb_flush_kernel(void);
