/* SPDX-License-Identifier: MIT */
/* Stacks that were written beyond an array: noticed before the function returns. */
#include "base/stack_guard.h"

#include "arch/backtrace.h"
#include "base/random.h"
#include "lib/assert.h"

/* A string that runs on ends at the first byte in memory, or can't write it. */
#define GUARD_MASK (~(uintptr_t)0xff)

/* It is needed from the first C function on, whose tables are not there yet. */
uintptr_t __stack_chk_guard = 0x5afe57ac4dc0de00 & GUARD_MASK;

/* Its own word would be the old one at the end. */
__attribute__((no_stack_protector)) void stack_guard_init(void)
{
	uintptr_t word;

	random_bytes(&word, sizeof(word));
	__stack_chk_guard = word & GUARD_MASK;
}

void __stack_chk_fail(void)
{
	size_t offset;
	/* The call may be the last instruction of its function. */
	const char *name = arch_symbol((vaddr_t)__builtin_return_address(0) - 1, &offset);

	panic("stack smashed in %s", name ? name : "a function without a name");
}
