/* SPDX-License-Identifier: MIT */
/* The firmware's console: what there is before, and instead of, a UART. */
#pragma once

#include "lib/types.h"

/* Writes bytes as they are, polled. Works from the first instruction on. */
void arch_console_write(const char *s, size_t n);
