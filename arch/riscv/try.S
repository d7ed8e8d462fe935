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
	fixup	try_stimecmp, tried_stimecmp, refused

	/* bool try_misaligned_load(void): a trap comes here and not to the kernel, which knows no such load of its own */
	.globl	try_misaligned_load
try_misaligned_load:
	csrr	t0, stvec
	lla	t1, try_refused
	csrw	stvec, t1
	ld	a0, 1(t1)
	li	a0, 1
	csrw	stvec, t0
	ret
	.balign	4
try_refused:
	csrw	stvec, t0
refused:
	li	a0, 0
	ret
