/* SPDX-License-Identifier: MIT */
/* The panic interface beyond panic() itself, which lib/assert.h declares. */
#pragma once

#include "lib/assert.h"
#include "lib/types.h"

struct trap_frame;

/* The machine's exit status after a panic. */
#define PANIC_STATUS 125

/* Panics because of a trap in kernel mode. Registers and backtrace are those of the frame. */
void panic_frame(const struct trap_frame *frame, const char *fmt, ...)
	__attribute__((noreturn, cold, format(printf, 2, 3)));

/* Whether a panic has begun. If so, no code should wait for anything. */
bool panic_begun(void);

/*
 * Sets the function that is called late in a panic and logs what others know: record, the last faults. If it panics,
 * the report ends there.
 */
void panic_set_report(void (*report)(void));
