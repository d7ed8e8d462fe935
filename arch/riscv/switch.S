/* Switching kernel stacks, and where new threads begin. */
#include "arch/riscv/csr.h"
#include "arch/riscv/offsets.h"

	.text
	/* void switch_stacks(struct arch_thread *from, struct arch_thread *to) */
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

	/* A kernel thread begins: s0 its function, s1 the argument. */
	.globl	thread_begin
thread_begin:
	mv	a0, s1
	jalr	s0
	call	thread_ended

	/* A fork's child begins: s0 what to call first. */
	.globl	thread_begin_user
thread_begin_user:
	jalr	s0
	j	arch_enter_user
