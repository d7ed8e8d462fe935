/* SPDX-License-Identifier: MIT */
/* Where tests force another thread to run, as another hart would come between (hardened build). */
#pragma once

#include "lib/types.h"
#include "sync/lockorder.h"

enum interleave_kind {
	INTERLEAVE_LOCK,     /* a spinning lock is about to be taken */
	INTERLEAVE_UNLOCK,   /* one was released */
	INTERLEAVE_DECIDED,  /* a fault has what it missed, and looks again next */
	INTERLEAVE_GRANTING, /* an entry was read and is changed next: under locks, so no switch */
	INTERLEAVE_KINDS
};

#ifdef FAULTLINE_HARDENED

/* Set by a test; NULL: nobody. what: of GRANTING, the entry; class: of LOCK and UNLOCK. */
extern void (*interleave_hook)(enum interleave_kind kind, enum lock_class class, void *what);

static inline void interleave(enum interleave_kind kind, enum lock_class class, void *what)
{
	if (__builtin_expect(interleave_hook != NULL, 0))
		interleave_hook(kind, class, what);
}

#else

static inline void interleave(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)kind, (void)class, (void)what;
}

#endif
