/* SPDX-License-Identifier: MIT */
/* Instructions that a hart may not have. If refused they continue at a fixup, as user copies do. */
#include "arch/riscv/csr.h"
#include "arch/riscv/fixup.h"

	.section .text.usercopy, "ax"

	/* bool timer_try_sstc(void) */
	.globl	timer_try_sstc
timer_try_sstc:
	li	a0, -1
try_stimecmp:
	csrw	stimecmp, a0
tried_stimecmp:
	li	a0, 1
	ret
	fixup	try_stimecmp, tried_stimecmp, no_stimecmp
no_stimecmp:
	li	a0, 0
	ret
