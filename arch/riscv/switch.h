/* SPDX-License-Identifier: MIT */
/* Shared by switch.S and the C code that prepares threads. */
#pragma once

struct arch_thread;

void switch_stacks(struct arch_thread *from, struct arch_thread *to);

/* Where new threads begin: a kernel thread, and one that enters user mode. */
void thread_begin(void);
void thread_begin_user(void);

/* Called when the function of a kernel thread returns: panics. */
void thread_ended(void) __attribute__((noreturn));

extern struct arch_thread boot_thread;
