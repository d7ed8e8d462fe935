/* SPDX-License-Identifier: MIT */
/* Switches kernel stacks; where new threads begin. */
#include "arch/riscv/csr.h"
#include "arch/riscv/offsets.h"

	.text
	/* bool switch_stacks(struct arch_thread *from, struct arch_thread *to, bool word) */
	.globl	switch_stacks
switch_stacks:
	sd	ra, THREAD_SWITCHED + 0(a0)
	sd	sp, THREAD_SWITCHED + 8(a0)
	sd	gp, THREAD_SWITCHED + 16(a0)
	sd	s0, THREAD_SWITCHED + 24(a0)
	sd	s1, THREAD_SWITCHED + 32(a0)
	sd	s2, THREAD_SWITCHED + 40(a0)
	sd	s3, THREAD_SWITCHED + 48(a0)
	sd	s4, THREAD_SWITCHED + 56(a0)
	sd	s5, THREAD_SWITCHED + 64(a0)
	sd	s6, THREAD_SWITCHED + 72(a0)
	sd	s7, THREAD_SWITCHED + 80(a0)
	sd	s8, THREAD_SWITCHED + 88(a0)
	sd	s9, THREAD_SWITCHED + 96(a0)
	sd	s10, THREAD_SWITCHED + 104(a0)
	sd	s11, THREAD_SWITCHED + 112(a0)
	mv	tp, a1
	mv	a0, a2
	ld	ra, THREAD_SWITCHED + 0(a1)
	ld	sp, THREAD_SWITCHED + 8(a1)
	ld	gp, THREAD_SWITCHED + 16(a1)
	ld	s0, THREAD_SWITCHED + 24(a1)
	ld	s1, THREAD_SWITCHED + 32(a1)
	ld	s2, THREAD_SWITCHED + 40(a1)
	ld	s3, THREAD_SWITCHED + 48(a1)
	ld	s4, THREAD_SWITCHED + 56(a1)
	ld	s5, THREAD_SWITCHED + 64(a1)
	ld	s6, THREAD_SWITCHED + 72(a1)
	ld	s7, THREAD_SWITCHED + 80(a1)
	ld	s8, THREAD_SWITCHED + 88(a1)
	ld	s9, THREAD_SWITCHED + 96(a1)
	ld	s10, THREAD_SWITCHED + 104(a1)
	ld	s11, THREAD_SWITCHED + 112(a1)
	ret

	/*
	 * Calls a C function, with t1 as its argument, from inline assembly that changes t0 only: the return
	 * address is in t0. Then the callers of inline functions that seldom call save no registers.
	 */
	.macro saving_call name, call:vararg
	.globl	\name
\name:
	.cfi_startproc
	addi	sp, sp, -128
	.cfi_def_cfa_offset 128
	sd	t0, 120(sp)
	.cfi_offset ra, -8		/* so that backtraces continue at the call */
	sd	ra, 112(sp)
	sd	a0, 0(sp)
	sd	a1, 8(sp)
	sd	a2, 16(sp)
	sd	a3, 24(sp)
	sd	a4, 32(sp)
	sd	a5, 40(sp)
	sd	a6, 48(sp)
	sd	a7, 56(sp)
	sd	t1, 64(sp)
	sd	t2, 72(sp)
	sd	t3, 80(sp)
	sd	t4, 88(sp)
	sd	t5, 96(sp)
	sd	t6, 104(sp)
	mv	a0, t1
	\call
	ld	t0, 120(sp)
	ld	ra, 112(sp)
	ld	a0, 0(sp)
	ld	a1, 8(sp)
	ld	a2, 16(sp)
	ld	a3, 24(sp)
	ld	a4, 32(sp)
	ld	a5, 40(sp)
	ld	a6, 48(sp)
	ld	a7, 56(sp)
	ld	t1, 64(sp)
	ld	t2, 72(sp)
	ld	t3, 80(sp)
	ld	t4, 88(sp)
	ld	t5, 96(sp)
	ld	t6, 104(sp)
	addi	sp, sp, 128
	jr	t0
	.cfi_endproc
	.endm

	.cfi_sections .debug_frame
	/* for arch_preempt_point() and arch_call_seldom() */
	saving_call preempt_call, call preempt_schedule
	saving_call seldom_call, jalr t2

	/* A kernel thread begins. s0: its function, s1: the argument. */
	.globl	thread_begin
thread_begin:
	mv	a0, s1
	jalr	s0
	call	thread_ended

	/* The child of a fork begins. s0: the function to call first. */
	.globl	thread_begin_user
thread_begin_user:
	jalr	s0
	j	arch_enter_user
