/* SPDX-License-Identifier: MIT */
/* The first instructions: from the firmware, MMU off, to C at the kernel's own addresses. */
#include "arch/riscv/csr.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/offsets.h"
#include "arch/riscv/sbi.h"

	/* What the firmware may have left. Uses t0. */
	.macro	clear_state
	li	t0, SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM_COPY
	csrc	sstatus, t0
#if SSTATUS_SUM_OPEN
	li	t0, SSTATUS_SUM_OPEN
	csrs	sstatus, t0
#endif
	csrw	sscratch, zero
	li	t0, 7			/* programs may read cycle, time and instret */
	csrw	scounteren, t0
	.endm

	/* Traps on a hart without F and D. Uses t0. */
	.macro	try_fpu
	li	t0, SSTATUS_FS
	csrs	sstatus, t0
	.option	push
	.option	arch, +d
	fmv.d.x	f0, zero
	.option	pop
	csrc	sstatus, t0
	.endm

	.section .text.start, "ax"
	.globl _start
_start:
	csrw	sie, zero
	csrci	sstatus, SSTATUS_SIE
	lla	t0, boot_begun
	li	t1, 1
	amoswap.w t1, t1, (t0)
	bnez	t1, astray
	mv	s0, a0			/* hart */
	mv	s1, a1			/* device tree, physical */
	lla	t0, early_trap_entry
	csrw	stvec, t0
	clear_state

	lla	t0, bss_start
	lla	t1, image_end
1:	sd	zero, (t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b

	/* Programs are compiled for F and D: a hart without them traps here. */
	lla	sp, boot_stack_top
	lla	t0, no_fpu
	csrw	stvec, t0
	try_fpu
	lla	t0, early_trap_entry
	csrw	stvec, t0

	call	early_map
	/*
	 * satp takes effect for the fetch of the next instruction, whose physical address is not
	 * mapped: that fetch faults to stvec, which is `high` at its virtual address. On a hart
	 * without Sv39 the write has no effect.
	 */
	li	t1, IMAGE_BASE - IMAGE_LOAD
	lla	t0, high
	add	t0, t0, t1
	csrw	stvec, t0
	sfence.vma
	csrw	satp, a0
	lla	t0, early_trap_entry
	csrw	stvec, t0
	lla	a1, sv39_missing
	mv	a0, s1
	call	early_refuse

	.balign 4
no_fpu:	lla	t0, early_trap_entry
	csrw	stvec, t0
	lla	a1, fpu_missing
	mv	a0, s1
	call	early_refuse

	.balign 4
high:	lla	t0, trap_entry
	csrw	stvec, t0
	lla	sp, boot_stack_top
	lla	tp, boot_thread
	sd	sp, THREAD_KERNEL_SP(tp)
	li	gp, 0
	mv	a0, s0
	mv	a1, s1
	call	arch_start

	.balign 4
early_trap_entry:
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	lla	sp, boot_stack_top
	call	early_trap

	/*
	 * Another hart is here. OpenSBI 1.1 marks a hart as one that is to start before it stores where it begins
	 * (sbi_hsm_hart_start()). A hart that looks in between begins where the boot hart did. It goes back to the
	 * firmware, and boot/harts.c asks for it again.
	 */
	.balign 4
astray:	li	a7, SBI_EXT_HSM
	li	a6, SBI_HSM_STOP
	ecall
	j	other_park

	/*
	 * Another hart, from the firmware, with the MMU off. a1: the thread that it runs, as a kernel address.
	 * If it lacks what the kernel needs, it traps and waits here for ever.
	 */
	.section .text.start, "ax"
	.globl	other_start
	.balign 4
other_start:
	csrw	sie, zero
	csrci	sstatus, SSTATUS_SIE
	mv	s0, a1
	lla	t0, other_park
	csrw	stvec, t0
	clear_state
	try_fpu

	/* The fetch behind the write of satp faults: execution goes on at stvec. */
	lla	t0, kernel_root
	srli	t0, t0, 12
	li	t1, SATP_SV39 << SATP_MODE_SHIFT
	or	t0, t0, t1
	li	t1, IMAGE_BASE - IMAGE_LOAD
	lla	t2, other_high
	add	t2, t2, t1
	csrw	stvec, t2
	sfence.vma
	csrw	satp, t0

	.balign 4
other_park:
	wfi
	j	other_park

	.balign 4
other_high:
	lla	t0, trap_entry
	csrw	stvec, t0
	mv	tp, s0
	ld	sp, THREAD_KERNEL_SP(tp)
	li	gp, 0
	call	arch_other_start

	.section .rodata
sv39_missing:
	.string	"Sv39"
fpu_missing:
	.string	"F and D extensions"

	.section .data
	.balign 4
boot_begun:
	.word	0			/* not in .bss, which the boot hart clears */

	.section .bss.boot_stack, "aw", @nobits
	.globl	boot_stack_top
	.space	LAYOUT_KSTACK_SIZE
boot_stack_top:
