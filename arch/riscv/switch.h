/* SPDX-License-Identifier: MIT */
/* Between switch.S and the C that prepares threads. */
#pragma once

struct arch_thread;

void switch_stacks(struct arch_thread *from, struct arch_thread *to);

/* Where new threads begin: a kernel thread, and one that goes to user mode. */
void thread_begin(void);
void thread_begin_user(void);

/* A kernel thread's function returned. */
void thread_ended(void) __attribute__((noreturn));

extern struct arch_thread boot_thread;
