/* SPDX-License-Identifier: MIT */
/* Zeroes and copies whole pages, in loops unrolled to a quarter page. */
	.text

	/* void arch_page_zero(void *page) */
	.globl	arch_page_zero
arch_page_zero:
	addi	a1, a0, 2047
	addi	a1, a1, 2047
	addi	a1, a1, 2
1:
	.set	offset, 0
	.rept	128
	sd	zero, offset(a0)
	.set	offset, offset + 8
	.endr
	addi	a0, a0, 1024
	bne	a0, a1, 1b
	ret

	/* void arch_page_copy(void *to, const void *from) */
	.globl	arch_page_copy
arch_page_copy:
	addi	a2, a0, 2047
	addi	a2, a2, 2047
	addi	a2, a2, 2
1:
	.set	offset, 0
	.rept	16
	ld	t0, offset + 0(a1)
	ld	t1, offset + 8(a1)
	ld	t2, offset + 16(a1)
	ld	t3, offset + 24(a1)
	ld	t4, offset + 32(a1)
	ld	t5, offset + 40(a1)
	ld	t6, offset + 48(a1)
	ld	a3, offset + 56(a1)
	sd	t0, offset + 0(a0)
	sd	t1, offset + 8(a0)
	sd	t2, offset + 16(a0)
	sd	t3, offset + 24(a0)
	sd	t4, offset + 32(a0)
	sd	t5, offset + 40(a0)
	sd	t6, offset + 48(a0)
	sd	a3, offset + 56(a0)
	.set	offset, offset + 64
	.endr
	addi	a0, a0, 1024
	addi	a1, a1, 1024
	bne	a0, a2, 1b
	ret
