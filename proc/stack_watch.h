/* SPDX-License-Identifier: MIT */
/* Measures how much of the kernel stacks is ever used (hardened build only). */
#pragma once

#include "lib/types.h"

struct thread;

/* A thread must leave at least this many bytes of its kernel stack unused. */
#define STACK_FREE_LEAST 8192

#ifdef FAULTLINE_HARDENED

/* Fills a new thread's stack with a pattern. */
void stack_watch_begin(void *kstack);

/* Called when the thread has left its stack for good. Panics if it left too few bytes. */
void stack_watch_end(const struct thread *thread);

/*
 * Returns the least number of bytes that any thread so far has left, including the running and the
 * idle one.
 */
size_t stack_watch_least(void);

#else

static inline void stack_watch_begin(void *kstack)
{
	(void)kstack;
}

static inline void stack_watch_end(const struct thread *thread)
{
	(void)thread;
}

#endif
