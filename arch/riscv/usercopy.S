/* SPDX-License-Identifier: MIT */
/* The routines that touch user addresses, except for floating-point registers (fpu.S). */
/*
 * Only these routines and those of fpu.S set SUM. A refused fault continues at the fixup of its
 * range (usercopy_fixup()). If words were being copied, single bytes are copied from there on,
 * which finds the exact end. If bytes were being copied, the routine ends. Pointers are advanced
 * after the last access of a block, so that they are right wherever a fault occurs.
 */
#include "arch/riscv/csr.h"
#include "arch/riscv/fixup.h"

#define COPY_FEW 128 /* bytes */

	.section .text.usercopy, "ax"

	/* size_t arch_copy_in(void *to, vaddr_t from, size_t n), and arch_copy_out() */
	.globl	arch_copy_in
	.globl	arch_copy_out
arch_copy_in:
arch_copy_out:
	lui	t6, SSTATUS_SUM_COPY >> 12
	csrs	sstatus, t6
	andi	t0, a2, 7
	add	a6, a0, a2		/* end */
	bnez	t0, copy_any
	or	t0, a0, a1
	andi	t0, t0, 7
	li	t1, COPY_FEW
	bnez	t0, copy_any
	bltu	t1, a2, copy_many
	lla	t0, copy_few_done
	sub	t0, t0, a2
	jr	t0
	/*
	 * A few words, as most structs are. The code of each is as long as the word, 8 bytes. The
	 * pointers stay, so after a refused fault all is copied again, as bytes.
	 */
	.option	push
	.option	norvc
copy_few:
	.set	offset, COPY_FEW
	.rept	COPY_FEW / 8
	.set	offset, offset - 8
	ld	t1, offset(a1)
	sd	t1, offset(a0)
	.endr
copy_few_done:
	.option	pop
	csrc	sstatus, t6
	li	a0, 0
	ret
copy_any:
	li	t0, 16
	bltu	a2, t0, copy_bytes
	andi	t0, a0, 7
	beqz	t0, copy_aligned
copy_head:
	lbu	t1, (a1)
	sb	t1, (a0)
	addi	a0, a0, 1
	andi	t0, a0, 7
	addi	a1, a1, 1
	bnez	t0, copy_head
copy_aligned:
	andi	t0, a1, 7
	sub	a2, a6, a0
	bnez	t0, copy_shifted
copy_many:
	andi	t3, a2, -64
	srli	t0, a2, 9
	add	a7, a0, t3
	bnez	t0, copy_blocks
copy_words:
	beq	a0, a7, copy_word
1:	ld	t0, 0(a1)
	ld	t1, 8(a1)
	ld	t2, 16(a1)
	ld	t3, 24(a1)
	ld	t4, 32(a1)
	ld	t5, 40(a1)
	ld	a3, 48(a1)
	ld	a4, 56(a1)
	sd	t0, 0(a0)
	sd	t1, 8(a0)
	sd	t2, 16(a0)
	sd	t3, 24(a0)
	sd	t4, 32(a0)
	sd	t5, 40(a0)
	sd	a3, 48(a0)
	sd	a4, 56(a0)
	addi	a0, a0, 64
	addi	a1, a1, 64
	bne	a0, a7, 1b
copy_word:
	andi	t0, a6, -8
	beq	a0, t0, copy_bytes
1:	ld	t1, (a1)
	sd	t1, (a0)
	addi	a0, a0, 8
	addi	a1, a1, 8
	bne	a0, t0, 1b
	j	copy_bytes

	/* Blocks of 512 bytes. */
copy_blocks:
	andi	t3, a2, -512
	add	a5, a0, t3
1:
	.set	offset, 0
	.rept	8
	ld	t0, offset + 0(a1)
	ld	t1, offset + 8(a1)
	ld	t2, offset + 16(a1)
	ld	t3, offset + 24(a1)
	ld	t4, offset + 32(a1)
	ld	t5, offset + 40(a1)
	ld	a3, offset + 48(a1)
	ld	a4, offset + 56(a1)
	sd	t0, offset + 0(a0)
	sd	t1, offset + 8(a0)
	sd	t2, offset + 16(a0)
	sd	t3, offset + 24(a0)
	sd	t4, offset + 32(a0)
	sd	t5, offset + 40(a0)
	sd	a3, offset + 48(a0)
	sd	a4, offset + 56(a0)
	.set	offset, offset + 64
	.endr
	addi	a0, a0, 512
	addi	a1, a1, 512
	bne	a0, a5, 1b
	j	copy_words

	/*
	 * `to` is aligned and `from` is not: aligned loads, two for each store. Each word loaded
	 * has bytes that are wanted.
	 */
copy_shifted:
	slli	t0, t0, 3		/* bits of the first word to leave out */
	neg	t1, t0
	andi	t3, a2, -16
	beqz	t3, copy_bytes
	add	a7, a0, t3
	andi	a3, a1, -8
	ld	a4, (a3)
1:	ld	a5, 8(a3)
	srl	t2, a4, t0
	sll	t3, a5, t1
	or	t2, t2, t3
	sd	t2, 0(a0)
	ld	a4, 16(a3)
	srl	t2, a5, t0
	sll	t3, a4, t1
	or	t2, t2, t3
	sd	t2, 8(a0)
	addi	a0, a0, 16
	addi	a1, a1, 16
	addi	a3, a3, 16
	bne	a0, a7, 1b
copy_bytes:
	beq	a0, a6, copy_done
1:	lbu	t1, (a1)
	sb	t1, (a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	bne	a0, a6, 1b
copy_done:
	csrc	sstatus, t6
	sub	a0, a6, a0
	ret
	fixup	copy_few, copy_few_done, copy_bytes
	fixup	copy_head, copy_aligned, copy_done
	fixup	copy_aligned, copy_bytes, copy_bytes
	fixup	copy_bytes, copy_done, copy_done

	/* size_t arch_clear_out(vaddr_t to, size_t n) */
	.globl	arch_clear_out
arch_clear_out:
	lui	t6, SSTATUS_SUM_COPY >> 12
	csrs	sstatus, t6
	li	t0, 16
	add	a6, a0, a1
	bltu	a1, t0, clear_bytes
	andi	t0, a0, 7
	beqz	t0, clear_words
clear_head:
	sb	zero, (a0)
	addi	a0, a0, 1
	andi	t0, a0, 7
	bnez	t0, clear_head
clear_words:
	sub	a1, a6, a0
	andi	t0, a1, -64
	add	t0, a0, t0
	beq	a0, t0, clear_word
1:	sd	zero, 0(a0)
	sd	zero, 8(a0)
	sd	zero, 16(a0)
	sd	zero, 24(a0)
	sd	zero, 32(a0)
	sd	zero, 40(a0)
	sd	zero, 48(a0)
	sd	zero, 56(a0)
	addi	a0, a0, 64
	bne	a0, t0, 1b
clear_word:
	andi	t0, a6, -8
	beq	a0, t0, clear_bytes
1:	sd	zero, (a0)
	addi	a0, a0, 8
	bne	a0, t0, 1b
clear_bytes:
	beq	a0, a6, clear_done
1:	sb	zero, (a0)
	addi	a0, a0, 1
	bne	a0, a6, 1b
clear_done:
	csrc	sstatus, t6
	sub	a0, a6, a0
	ret
	fixup	clear_head, clear_words, clear_done
	fixup	clear_words, clear_bytes, clear_bytes
	fixup	clear_bytes, clear_done, clear_done

	/* ssize_t arch_copy_string_in(char *to, vaddr_t from, size_t n) */
	.globl	arch_copy_string_in
arch_copy_string_in:
	lui	t6, SSTATUS_SUM_COPY >> 12
	csrs	sstatus, t6
	add	a6, a1, a2
	mv	a7, a1
	beq	a1, a6, string_done
string_bytes:
	lbu	t1, (a1)
	sb	t1, (a0)
	beqz	t1, string_done
	addi	a1, a1, 1
	addi	a0, a0, 1
	bne	a1, a6, string_bytes
string_done:
	csrc	sstatus, t6
	sub	a0, a1, a7
	ret
string_refused:
	csrc	sstatus, t6
	li	a0, -14			/* -EFAULT */
	ret
	fixup	string_bytes, string_done, string_refused

	/* int arch_load_word_in(uint32_t *to, vaddr_t from) */
	.globl	arch_load_word_in
arch_load_word_in:
	lui	t6, SSTATUS_SUM_COPY >> 12
	csrs	sstatus, t6
load_word:
	lw	t1, (a1)
load_word_done:
	csrc	sstatus, t6
	sw	t1, (a0)
	li	a0, 0
	ret
	fixup	load_word, load_word_done, word_refused

	/* int arch_touch_word(vaddr_t at) */
	.globl	arch_touch_word
arch_touch_word:
	lui	t6, SSTATUS_SUM_COPY >> 12
	csrs	sstatus, t6
touch_word:
	amoor.w	zero, zero, (a0)
touch_word_done:
	csrc	sstatus, t6
	li	a0, 0
	ret
	fixup	touch_word, touch_word_done, word_refused

	/*
	 * int arch_cas_word(vaddr_t at, uint32_t *old, uint32_t new). A fault ends the reservation.
	 */
	.globl	arch_cas_word
arch_cas_word:
	lui	t6, SSTATUS_SUM_COPY >> 12
	lw	t2, (a1)
	csrs	sstatus, t6
cas_word:
	lr.w.aq	t1, (a0)
	bne	t1, t2, cas_word_done
	sc.w.rl	t3, a2, (a0)
	bnez	t3, cas_word
cas_word_done:
	csrc	sstatus, t6
	sw	t1, (a1)
	li	a0, 0
	ret
word_refused:
	csrc	sstatus, t6
	li	a0, -14			/* -EFAULT */
	ret
	fixup	cas_word, cas_word_done, word_refused
