/* SPDX-License-Identifier: MIT */
/* How harts enter C. */
#pragma once

#include "lib/types.h"

extern paddr_t boot_dtb;

/* The first C function at the kernel's own addresses, on the boot thread. */
void arch_start(unsigned long hart_id, paddr_t dtb) __attribute__((noreturn));

/* In start.S: where another hart begins, with the MMU off; and the first C function there. */
extern char other_start[];
void arch_other_start(void) __attribute__((noreturn));
