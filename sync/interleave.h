/* SPDX-License-Identifier: MIT */
/* Interleaving points, at which a test can switch threads as if another hart ran (hardened build). */
#pragma once

#include "lib/types.h"
#include "sync/lockorder.h"

enum interleave_kind {
	INTERLEAVE_LOCK,     /* a spinning lock, or a mutex by spinning, is about to be taken */
	INTERLEAVE_UNLOCK,   /* a spinning lock was released */
	INTERLEAVE_MUTEX,    /* a mutex is about to be taken */
	INTERLEAVE_DECIDED,  /* a fault has prepared what it lacked and is about to look again */
	INTERLEAVE_GRANTING, /* an entry was read and will change; locks are held: no switch */
	INTERLEAVE_UNMAPPED, /* an entry is gone, and its reference to the page is about to be dropped */
	INTERLEAVE_KINDS
};

#ifdef FAULTLINE_HARDENED

/*
 * Called at each point. Set by a test, otherwise NULL. class is the lock's for INTERLEAVE_LOCK,
 * INTERLEAVE_UNLOCK and INTERLEAVE_MUTEX; what is the entry for INTERLEAVE_GRANTING, and the page for
 * INTERLEAVE_UNMAPPED.
 */
extern void (*interleave_hook)(enum interleave_kind kind, enum lock_class class, void *what);

static inline void interleave(enum interleave_kind kind, enum lock_class class, void *what)
{
	/* Read once: a test ends its hook while other harts take locks. */
	void (*hook)(enum interleave_kind, enum lock_class, void *) =
		__atomic_load_n(&interleave_hook, __ATOMIC_RELAXED);

	if (__builtin_expect(hook != NULL, 0))
		hook(kind, class, what);
}

#else

static inline void interleave(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)kind, (void)class, (void)what;
}

#endif
