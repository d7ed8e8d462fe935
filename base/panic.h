/* SPDX-License-Identifier: MIT */
/* What a panic needs besides panic() itself (lib/assert.h). */
#pragma once

#include "lib/assert.h"
#include "lib/types.h"

struct trap_frame;

/* The machine's exit status after a panic. */
#define PANIC_STATUS 125

/* A panic because of a trap in kernel mode: registers and backtrace are those of the frame. */
void panic_frame(const struct trap_frame *frame, const char *fmt, ...)
	__attribute__((noreturn, cold, format(printf, 2, 3)));

/* Has a panic begun? Then nobody should wait for anything. */
bool panic_begun(void);

/*
 * Called late in a panic, to add what mm or proc know (which thread ran; it may fault again, that
 * ends it).
 */
void panic_set_report(void (*report)(void));
