/* SPDX-License-Identifier: MIT */
/* Shared by switch.S and the C code that prepares threads. */
#pragma once

#include "lib/types.h"

struct arch_thread;

bool switch_stacks(struct arch_thread *from, struct arch_thread *to, bool word);

/* Where new threads begin: a kernel thread, and one that enters user mode. */
void thread_begin(void);
void thread_begin_user(void);

/* Called when the function of a kernel thread returns: panics. */
void thread_ended(void) __attribute__((noreturn));

extern struct arch_thread boot_thread;
