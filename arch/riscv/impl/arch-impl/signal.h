/* SPDX-License-Identifier: MIT */
/* RISC-V: the machine's part of a signal frame, as Linux lays it out. */
#pragma once

#include "lib/types.h"

struct arch_sigcontext {
	uint64_t x[32]; /* pc in the place of x0: as struct trap_frame begins */
	/*
	 * The union of the ABI's F, D and Q states; D is what there is, as struct fpu_state has it:
	 * fcsr and one more. The rest is left as it is, as on Linux.
	 */
	uint64_t f[32];
	uint32_t fcsr;
	uint32_t unused[64];
	/* Where extensions (vectors) would follow: the end of their list. */
	uint32_t end[3];
};

_Static_assert(sizeof(struct arch_sigcontext) == 784, "as in the ABI");
_Static_assert(offsetof(struct arch_sigcontext, end) == 772, "as in the ABI");
