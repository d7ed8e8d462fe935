/* SPDX-License-Identifier: MIT */
/* How the boot hart enters C. */
#pragma once

#include "lib/types.h"

extern paddr_t boot_dtb;

/* The first C function at the kernel's own addresses, on the boot thread. */
void arch_start(unsigned long hart_id, paddr_t dtb) __attribute__((noreturn));
