/* SPDX-License-Identifier: MIT */
/* RISC-V: a user thread's registers as debuggers see them. */
#pragma once

#include "lib/types.h"

#define ARCH_AUDIT 0xc00000f3u

/* struct user_regs_struct of Linux: pc, then x1 to x31. */
struct arch_regs {
	uint64_t word[32];
};

/* struct __riscv_d_ext_state, with fcsr in the lower half of the last word. */
struct arch_fpregs {
	uint64_t word[33];
};
