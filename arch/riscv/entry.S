/* SPDX-License-Identifier: MIT */
/* Trap entry and exit: every way from user or kernel mode into C and back. */
/*
 * In user mode, sscratch holds the thread (struct arch_thread, whose first field is the frame). In
 * kernel mode, sscratch is 0 and tp holds the thread. The kernel uses neither gp nor the FPU, and
 * its C code preserves s0 to s11, so a trap from user mode saves only the other registers. s0 to
 * s11 and gp are saved as well in clone, which reads them, and when there is work at exit, which
 * may change them: then they are loaded from the frame.
 */
#include "arch/riscv/csr.h"
#include "arch/riscv/layout.h"
#include "arch/riscv/offsets.h"

#define SUM_AND_FS ((SSTATUS_SUM_COPY | SSTATUS_FS) >> 12)

	/* op: sd or ld. The registers that C code may change. */
	.macro	caller_saved op, base
	\op	ra, FRAME_X(1)(\base)
	\op	t0, FRAME_X(5)(\base)
	\op	t1, FRAME_X(6)(\base)
	\op	t2, FRAME_X(7)(\base)
	\op	a0, FRAME_X(10)(\base)
	\op	a1, FRAME_X(11)(\base)
	\op	a2, FRAME_X(12)(\base)
	\op	a3, FRAME_X(13)(\base)
	\op	a4, FRAME_X(14)(\base)
	\op	a5, FRAME_X(15)(\base)
	\op	a6, FRAME_X(16)(\base)
	\op	a7, FRAME_X(17)(\base)
	\op	t3, FRAME_X(28)(\base)
	\op	t4, FRAME_X(29)(\base)
	\op	t5, FRAME_X(30)(\base)
	\op	t6, FRAME_X(31)(\base)
	.endm

	/* op: sd or ld. s0 to s11 and gp: the registers that C code preserves, or never uses. */
	.macro	preserved op, base
	\op	gp, FRAME_X(3)(\base)
	\op	s0, FRAME_X(8)(\base)
	\op	s1, FRAME_X(9)(\base)
	\op	s2, FRAME_X(18)(\base)
	\op	s3, FRAME_X(19)(\base)
	\op	s4, FRAME_X(20)(\base)
	\op	s5, FRAME_X(21)(\base)
	\op	s6, FRAME_X(22)(\base)
	\op	s7, FRAME_X(23)(\base)
	\op	s8, FRAME_X(24)(\base)
	\op	s9, FRAME_X(25)(\base)
	\op	s10, FRAME_X(26)(\base)
	\op	s11, FRAME_X(27)(\base)
	.endm

	.section .text.trap, "ax"
	.globl	trap_entry
	.balign 4
trap_entry:
	csrrw	tp, sscratch, tp
	beqz	tp, from_kernel

	/* From user mode. The kernel stack is empty; registers are saved in the thread's frame. */
	sd	sp, FRAME_X(2)(tp)
	ld	sp, THREAD_KERNEL_SP(tp)
	caller_saved sd, tp
	csrrw	t0, sscratch, zero
	csrr	t1, scause
	lui	t2, SUM_AND_FS
	csrrc	t2, sstatus, t2
	csrr	t3, sepc
	li	t4, CAUSE_ECALL_USER
	sd	t0, FRAME_X(4)(tp)
	sd	t2, FRAME_STATUS_OFFSET(tp)
	bne	t1, t4, user_fault

	/* A system call: the PC is moved past it, and a0 is saved for a restart. */
	addi	t3, t3, 4
	li	t5, OFFSETS_SYS_CLONE
	sd	t3, FRAME_PC(tp)
	sd	a0, FRAME_ORIG_A0(tp)
	beq	a7, t5, user_clone
user_syscall:
	csrsi	sstatus, SSTATUS_SIE
	mv	a0, tp
	call	trap_syscall
	sd	a0, FRAME_X(10)(tp)
	.globl	call_load_status, call_set_status
call_load_status:
	ld	t0, FRAME_STATUS_OFFSET(tp)	/* as at user_exit */
call_set_status:			/* an interrupt comes back to call_load_status */
	csrw	sstatus, t0
	ld	t1, THREAD_WORK(tp)
	ld	t2, FRAME_PC(tp)
	beqz	t1, user_leave
	j	user_work

	/* An exception or interrupt from user mode. t1: cause, t3: PC. */
user_fault:
	lbu	t5, THREAD_HAS_RSEQ(tp)
	sb	t5, THREAD_RSEQ_DUE(tp)
	sd	t3, FRAME_PC(tp)
	csrr	a1, stval
	li	t4, CAUSE_STORE_PAGE
	li	a2, 2			/* VM_PROT_WRITE */
	beq	t1, t4, 1f
	li	t4, CAUSE_LOAD_PAGE
	li	a2, 1			/* VM_PROT_READ */
	beq	t1, t4, 1f
	li	t4, CAUSE_FETCH_PAGE
	li	a2, 4			/* VM_PROT_EXEC */
	bne	t1, t4, user_other
1:	li	a3, SSTATUS_SIE
	mv	a0, tp
	call	trap_fault

	/*
	 * Back to user mode. s registers and gp are the program's. Writing sstatus turns interrupts
	 * off.
	 */
user_exit:
	ld	t0, FRAME_STATUS_OFFSET(tp)
	csrw	sstatus, t0
	ld	t1, THREAD_WORK(tp)
	ld	t2, FRAME_PC(tp)
	bnez	t1, user_work
user_leave:
	csrw	sepc, t2
	csrw	sscratch, tp
	caller_saved ld, tp
	ld	sp, FRAME_X(2)(tp)
	ld	tp, FRAME_X(4)(tp)
	sret

user_other:
	mv	a0, tp
	mv	a2, a1
	mv	a1, t1
	call	trap_user
	j	user_exit

user_clone:
	preserved sd, tp
	j	user_syscall

	/*
	 * t1: the work to be done. Interrupts are off. If the frame was replaced, its s registers
	 * and gp are the right ones, and must not be overwritten.
	 */
user_work:
	andi	t0, t1, 1 << OFFSETS_WORK_FRAME_SHIFT
	bnez	t0, user_work_loop
	preserved sd, tp
user_work_loop:
	addi	t0, tp, THREAD_WORK
	li	t1, ~(1 << OFFSETS_WORK_FRAME_SHIFT)
	amoand.d t1, t1, (t0)
	andi	t1, t1, ~(1 << OFFSETS_WORK_FRAME_SHIFT)
	beqz	t1, user_leave_full
	lui	t2, SUM_AND_FS
	csrc	sstatus, t2
	csrsi	sstatus, SSTATUS_SIE
	mv	a0, tp
	call	trap_user_return
	ld	t0, FRAME_STATUS_OFFSET(tp)
	csrw	sstatus, t0
	j	user_work_loop
user_leave_full:
	preserved ld, tp
	ld	t0, FRAME_STATUS_OFFSET(tp)
	csrw	sstatus, t0
	ld	t2, FRAME_PC(tp)
	j	user_leave

	/* void arch_enter_user(void): loads all of the running thread's frame */
	.globl	arch_enter_user
arch_enter_user:
	csrci	sstatus, SSTATUS_SIE
	ld	sp, THREAD_KERNEL_SP(tp)
	j	user_work_loop

	/*
	 * From kernel mode. sscratch holds the thread now, and tp is free. After making room for
	 * the frame, one bit of the stack pointer tells whether the stack has overflowed, before
	 * anything is stored.
	 */
from_kernel:
	addi	sp, sp, -FRAME_SIZE
	slli	tp, sp, 63 - LAYOUT_KSTACK_SHIFT
	bgez	tp, stack_overflow
	csrrw	tp, sscratch, zero
kernel_frame:
	caller_saved sd, sp
	preserved sd, sp
	addi	t0, sp, FRAME_SIZE
	csrr	a1, scause
	csrr	a2, stval
	lui	t2, SUM_AND_FS
	csrrc	t2, sstatus, t2
	csrr	t3, sepc
	sd	t0, FRAME_X(2)(sp)
	sd	tp, FRAME_X(4)(sp)
	sd	t2, FRAME_STATUS_OFFSET(sp)
	sd	t3, FRAME_PC(sp)
	mv	a0, sp
	call	trap_kernel
	.globl	trap_kernel_return
trap_kernel_return:
	ld	t2, FRAME_STATUS_OFFSET(sp)
	ld	t3, FRAME_PC(sp)
	csrw	sstatus, t2
	csrw	sepc, t3
	caller_saved ld, sp
	addi	sp, sp, FRAME_SIZE
	sret

	/*
	 * sp can't be used: the frame goes onto the emergency stack. If this happens a second time,
	 * there is nothing left to try.
	 */
stack_overflow:
	csrrw	tp, sscratch, t0
	lla	t0, emergency_taken
	amoswap.w t0, tp, (t0)
	bnez	t0, overflow_again
	addi	t0, sp, FRAME_SIZE
	lla	sp, emergency_stack_top - FRAME_SIZE
	sd	t0, FRAME_X(2)(sp)
	csrrw	t0, sscratch, zero
	caller_saved sd, sp
	preserved sd, sp
	sd	tp, FRAME_X(4)(sp)
	csrr	a1, scause
	csrr	a2, stval
	csrr	t2, sstatus
	csrr	t3, sepc
	sd	t2, FRAME_STATUS_OFFSET(sp)
	sd	t3, FRAME_PC(sp)
	sd	a1, FRAME_CAUSE(sp)
	sd	a2, FRAME_STVAL(sp)
	mv	a0, sp
	call	trap_stack_overflow
overflow_again:
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	lla	sp, emergency_stack_top
	call	early_trap

	.section .bss, "aw", @nobits
	.balign	16
	.space	EMERGENCY_STACK_SIZE
emergency_stack_top:
emergency_taken:
	.word	0
	.word	0
