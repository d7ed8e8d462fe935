/* SPDX-License-Identifier: MIT */
/* The firmware's console, for use before the UART driver is up, or without a UART. */
#pragma once

#include "lib/types.h"

/* Writes n bytes, unchanged, by polling. Works from the first instruction on. */
void arch_console_write(const char *s, size_t n);

/* Reads what has come, up to n bytes. Returns how many; 0 too if the firmware's console has no input.
 * Only one thread may call this at a time. */
size_t arch_console_read(char *to, size_t n);
