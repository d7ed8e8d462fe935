/* SPDX-License-Identifier: MIT */
/* The few atomic operations that are more readable with a name. */
#pragma once

#include "lib/types.h"

#define atomic_load(p)	       __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_load_relaxed(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_exchange(p, v)  __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)
#define atomic_add(p, v)       __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL)
#define atomic_or(p, v)	       __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL)
#define atomic_and(p, v)       __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL)

/*
 * Stores of words are single by themselves; said so, because gcc 12 makes two instructions more of
 * its own atomic stores.
 */
#define atomic_store_relaxed(p, v) ((void)(*(volatile __typeof__(*(p)) *)(p) = (v)))
#define atomic_store(p, v)                               \
	({                                               \
		__atomic_thread_fence(__ATOMIC_RELEASE); \
		atomic_store_relaxed(p, v);              \
	})

/* Puts `new` where `old` is. => false: something else was there */
#define atomic_cas(p, old, new)                                                         \
	({                                                                              \
		__typeof__(*(p)) cas_old_ = (old);                                      \
		__atomic_compare_exchange_n(p, &cas_old_, new, false, __ATOMIC_ACQ_REL, \
					    __ATOMIC_ACQUIRE);                          \
	})

/* A counter that harts add to without order, and that may be read at any time. */
#define counter_add(p, v) ((void)__atomic_fetch_add(p, v, __ATOMIC_RELAXED))
#define counter_read(p)	  __atomic_load_n(p, __ATOMIC_RELAXED)

/*
 * For the body of a loop that waits for another hart; not for waiting on memory to change by
 * itself.
 */
static inline void spin_pause(void)
{
	__asm__ volatile("" ::: "memory");
}
