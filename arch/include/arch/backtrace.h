/* SPDX-License-Identifier: MIT */
/* Backtraces of the kernel, with the names of functions. */
#pragma once

#include "lib/types.h"

struct arch_thread;
struct trap_frame;

/* Emits a line for each stack frame, innermost first, from `frame` or (NULL) the caller on. */
void arch_backtrace(const struct trap_frame *frame, void (*emit)(const char *line));

/* Returns the name of the function that addr is in, and its offset there, or NULL. */
const char *arch_symbol(vaddr_t addr, size_t *offset_ret);

/* Returns the size in bytes of the function that addr is in, or 0 if it is in none. */
size_t arch_symbol_size(vaddr_t addr);

/*
 * Stores up to `most` return addresses on the stack of a thread that arch_switch() has switched away from, or (NULL) of the
 * running one, innermost first. Returns how many. If the thread runs meanwhile they may be any.
 */
unsigned arch_backtrace_get(const struct arch_thread *thread, vaddr_t *addrs, unsigned most);
