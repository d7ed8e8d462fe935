/* SPDX-License-Identifier: MIT */
/* Names for the few atomic operations that read better than the builtins. */
#pragma once

#include "lib/types.h"

#define atomic_load(p)	       __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_load_relaxed(p) (*(const volatile __typeof__(*(p)) *)(p))
#define atomic_exchange(p, v)  __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)
#define atomic_add(p, v)       __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL)
#define atomic_or(p, v)	       __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL)
#define atomic_and(p, v)       __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL)

/*
 * An aligned store of a word is atomic on RISC-V. These macros use plain volatile stores because
 * gcc 12 emits two more instructions for its own atomic stores.
 */
#define atomic_store_relaxed(p, v) ((void)(*(volatile __typeof__(*(p)) *)(p) = (v)))
#define atomic_store(p, v)                               \
	({                                               \
		__atomic_thread_fence(__ATOMIC_RELEASE); \
		atomic_store_relaxed(p, v);              \
	})

/*
 * Stores `new` in *p and returns true if *p is `old`. Otherwise returns false. Both orders are the same, as everywhere:
 * gcc 12 makes the LR and the fence before it by the second one alone, and SC.aq orders nothing (docs/memory-order.md).
 */
#define atomic_cas(p, old, new)                                                         \
	({                                                                              \
		__typeof__(*(p)) cas_old_ = (old);                                      \
		__atomic_compare_exchange_n(p, &cas_old_, new, false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_SEQ_CST);                          \
	})

/* A statistics counter. Harts add to it without ordering, and it may be read at any time. */
#define counter_add(p, v) ((void)__atomic_fetch_add(p, v, __ATOMIC_RELAXED))
#define counter_read(p)	  __atomic_load_n(p, __ATOMIC_RELAXED)

/* For loops that wait for another hart. Only a compiler barrier; it waits for nothing itself. */
static inline void spin_pause(void)
{
	__asm__ volatile("" ::: "memory");
}
