/* SPDX-License-Identifier: MIT */
/* How much of the kernel stacks is ever used (hardened build only). */
#pragma once

#include "lib/types.h"

struct thread;

/* A thread that comes nearer to the end of its kernel stack is a mistake, in bytes. */
#define STACK_FREE_LEAST 8192

#ifdef FAULTLINE_HARDENED

/* Fills a new thread's stack with a pattern. */
void stack_watch_begin(void *kstack);

/* The thread has left its stack for good. => panics where it came too near to the end */
void stack_watch_end(const struct thread *thread);

/* The bytes that the deepest of all threads so far left, the running and the idle one included. */
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
