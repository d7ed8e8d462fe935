/* SPDX-License-Identifier: MIT */
/* The word that the hardened build's functions keep behind their arrays, and look at in the end. */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_HARDENED

/* The names are the compiler's (-fstack-protector-strong). */
extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn, cold));

/*
 * Draws the word from the random numbers. Until then it is a constant.
 * => called once, by functions that never return: what they keep on the stack is the old one
 */
void stack_guard_init(void);

#else

static inline void stack_guard_init(void)
{
}

#endif
