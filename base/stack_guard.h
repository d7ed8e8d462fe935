/* SPDX-License-Identifier: MIT */
/* The guard word that functions of the hardened build keep behind their arrays and check before they return. */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_HARDENED

/* The names are defined by the compiler (-fstack-protector-strong). */
extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn, cold));

/*
 * Sets the guard to a random word; before, it is a constant. Called once, by a function that never
 * returns, and whose callers never return: their frames contain the old guard.
 */
void stack_guard_init(void);

#else

static inline void stack_guard_init(void)
{
}

#endif
