/* SPDX-License-Identifier: MIT */
/* Detects, before a function returns, that an array on its stack was overrun. */
#include "base/stack_guard.h"

#include "arch/backtrace.h"
#include "base/random.h"
#include "lib/assert.h"

/*
 * The first byte in memory is 0, so that an overrunning string read ends there, and an overrunning
 * string copy cannot write it and continue.
 */
#define GUARD_MASK (~(uintptr_t)0xff)

/*
 * Used from the first C function on. Random numbers are not available then, so it starts as a
 * constant. It is const once stack_guard_init() has replaced that.
 */
uintptr_t __stack_chk_guard = 0x5afe57ac4dc0de00 & GUARD_MASK;

/* Must be unprotected: the guard in its own frame would be the old one when it returns. */
__attribute__((no_stack_protector)) void stack_guard_init(void)
{
	uintptr_t word;

	random_bytes(&word, sizeof(word));
	__stack_chk_guard = word & GUARD_MASK;
}

void __stack_chk_fail(void)
{
	size_t offset;
	/* The call may be the last instruction. Then the return address is in the next function. */
	const char *name = arch_symbol((vaddr_t)__builtin_return_address(0) - 1, &offset);

	panic("stack smashed in %s", name ? name : "a function without a name");
}
