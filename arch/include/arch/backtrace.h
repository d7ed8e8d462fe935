/* SPDX-License-Identifier: MIT */
/* Backtraces of the kernel, with the names of functions. */
#pragma once

#include "lib/types.h"

struct trap_frame;

/* Emits a line for each stack frame, innermost first, from `frame` or (NULL) the caller on. */
void arch_backtrace(const struct trap_frame *frame, void (*emit)(const char *line));

/* Returns the name of the function that addr is in, and its offset there, or NULL. */
const char *arch_symbol(vaddr_t addr, size_t *offset_ret);
