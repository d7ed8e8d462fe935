/* SPDX-License-Identifier: MIT */
/* The kernel's half of every root table. */
#pragma once

#include "arch/riscv/sv39.h"

/* Write, or clear, the root entries that all spaces share. Call after arch_kernel_map(). */
void kernel_roots_copy(pte_t *root);
void kernel_roots_clear(pte_t *root);

/* Can the kernel read at va without a fault? */
bool kernel_readable(vaddr_t va);
