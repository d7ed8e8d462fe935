/* SPDX-License-Identifier: MIT */
/* For tests: an interrupt that comes while every register has a value of its own. */
#include "arch/riscv/csr.h"

#define WORDS	     256	 /* bytes of 32 registers */
#define BEFORE(n)    (8 * (n))
#define AFTER(n)     (WORDS + 8 * (n))
#define CALLERS(n)   (2 * WORDS + 8 * (n))
#define PENDING_MOST (1 << 24)	 /* how often to look for the interrupt */

	.text
	/* uint64_t arch_irq_check_registers(uint64_t seed) */
	.globl	arch_irq_check_registers
arch_irq_check_registers:
	addi	sp, sp, -3 * WORDS
	.irp	n, 1, 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	sd	x\n, CALLERS(\n)(sp)
	.endr

	/* Numbers that all differ, and of which none is 0; in the second half, too, for those that stay unused. */
	mv	t0, sp
	addi	t1, sp, WORDS
1:	sd	a0, BEFORE(0)(t0)
	sd	a0, AFTER(0)(t0)
	slli	t2, a0, 13
	xor	a0, a0, t2
	srli	t2, a0, 7
	xor	a0, a0, t2
	slli	t2, a0, 17
	xor	a0, a0, t2
	addi	t0, t0, 8
	bne	t0, t1, 1b
	sd	tp, BEFORE(4)(sp)	/* the trap path's own */

	li	t2, PENDING_MOST
2:	csrr	t0, sip
	csrr	t1, sie
	and	t0, t0, t1
	addi	t2, t2, -1
	beqz	t2, 3f
	beqz	t0, 2b

	/* The interrupt comes at once. */
3:	.irp	n, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\n, BEFORE(\n)(sp)
	.endr
	csrsi	sstatus, SSTATUS_SIE
	nop
	nop
	csrci	sstatus, SSTATUS_SIE
	.irp	n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\n, AFTER(\n)(sp)
	.endr

	li	a0, 0
	li	t0, 1
	mv	t1, sp
4:	ld	t2, BEFORE(0)(t1)
	ld	t3, AFTER(0)(t1)
	beq	t2, t3, 5f
	or	a0, a0, t0
5:	slli	t0, t0, 1
	addi	t1, t1, 8
	srli	t2, t0, 32
	beqz	t2, 4b
	.irp	n, 1, 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	ld	x\n, CALLERS(\n)(sp)
	.endr
	addi	sp, sp, 3 * WORDS
	ret
