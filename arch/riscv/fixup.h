/* SPDX-License-Identifier: MIT */
/* For assembly that touches user addresses: where a fault that is refused goes on. */
#pragma once

#ifdef __ASSEMBLER__
/* clang-format off */

	/* One in [from, to) goes on at target. */
	.macro	fixup from, to, target
	.pushsection .usercopy.fixups, "a"
	.dword	\from, \to, \target
	.popsection
	.endm

/* clang-format on */
#endif
