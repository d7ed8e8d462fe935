/* SPDX-License-Identifier: MIT */
/* Who called whom in the kernel, by name. */
#pragma once

#include "lib/types.h"

struct trap_frame;

/*
 * Emits a line for each frame, innermost first: from `frame`, or from the caller where it is NULL.
 */
void arch_backtrace(const struct trap_frame *frame, void (*emit)(const char *line));

/* The function that holds addr and the offset in it; NULL where none does. */
const char *arch_symbol(vaddr_t addr, size_t *offset_ret);
