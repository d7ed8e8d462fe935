/* SPDX-License-Identifier: MIT */
/* For assembly that touches user addresses: where it continues after a refused fault. */
#pragma once

#ifdef __ASSEMBLER__
/* clang-format off */

	/* After a refused fault in [from, to), execution continues at target. */
	.macro	fixup from, to, target
	.pushsection .usercopy.fixups, "a"
	.dword	\from, \to, \target
	.popsection
	.endm

/* clang-format on */
#endif
