/* SPDX-License-Identifier: MIT */
/* RISC-V: the machine's part of a signal frame, as Linux lays it out. */
#pragma once

#include "lib/types.h"

struct arch_sigcontext {
	uint64_t x[32]; /* pc in place of x0, as at the start of struct trap_frame */
	/*
	 * The union of the ABI's F, D and Q states. It has the D state, laid out as struct
	 * fpu_state, whose fcsr covers one more word. The rest is left unchanged, as on Linux.
	 */
	uint64_t f[32];
	uint32_t fcsr;
	uint32_t unused[64];
	/* The end of the list of extensions (such as vectors), which is empty. */
	uint32_t end[3];
};

_Static_assert(sizeof(struct arch_sigcontext) == 784, "as in the ABI");
_Static_assert(offsetof(struct arch_sigcontext, end) == 772, "as in the ABI");
