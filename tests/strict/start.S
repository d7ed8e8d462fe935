/* SPDX-License-Identifier: MIT */
/* The payload's entry, and accesses that may trap. Each returns the cause, or -1 if it did not. */
#define BOX_STACK 8192 /* where the stack of a struct box ends */

	.section .text.start, "ax"
	.globl _start
_start:
	la sp, stack_top
	la t0, trapped
	csrw stvec, t0
	call payload
1:	j 1b

	.balign 4
trapped:
	la t1, last_cause
	csrr t0, scause
	sd t0, 0(t1)
	csrr t0, stval
	sd t0, 8(t1)
	csrr t0, sstatus
	sd t0, 16(t1)
	csrr t0, sepc
	sd t0, 24(t1)
	ld t0, recover
	csrw sepc, t0
	li t0, 1 << 8		/* from user mode, too, it goes on in S-mode */
	csrs sstatus, t0
	sret

.macro may_trap name
	.globl \name
\name:	mv t6, ra
	la t2, recover
	la t3, 9f
	sd t3, 0(t2)
	la t2, last_cause
	li t3, -1
	sd t3, 0(t2)
.endm
.macro end_trap
9:	mv ra, t6
	ld a0, last_cause
	ret
.endm

	may_trap try_load	/* (address, value *) */
	ld t3, 0(a0)
	sd t3, 0(a1)
	end_trap

	may_trap try_store	/* (address, value) */
	sd a1, 0(a0)
	end_trap

	may_trap try_amo
	amoadd.d t3, a1, (a0)
	end_trap

	may_trap try_lr
	lr.d t3, (a0)
	end_trap

	may_trap try_fetch	/* (address of a function) */
	jalr a0
	end_trap

	may_trap try_stimecmp
	csrw 0x14d, zero
	end_trap

	may_trap try_user	/* (address of code in a user page): runs it in user mode, until it traps */
	li t0, 1 << 8 | 1 << 5	/* with interrupts off after it */
	csrc sstatus, t0
	csrw sepc, a0
	sret
	end_trap

/* Another hart begins here, with its struct box in a1. */
	.globl second_start
second_start:
	mv sp, a1
	li t0, BOX_STACK
	add sp, sp, t0
	la t0, second_trapped
	csrw stvec, t0
	csrw sscratch, a1
	mv a0, a1
	call second

	/* (box, address): the value there, or -1 if it traps */
	.globl second_load
second_load:
	la t0, 1f
	sd t0, 0(a0)
	ld a0, 0(a1)
	ret
1:	li a0, -1
	ret
	.balign 4
second_trapped:
	csrr t1, sscratch
	ld t0, 0(t1)
	csrw sepc, t0
	sret

	/* (value): fills the FPU's registers; (): returns the sum of them */
	.option push
	.option arch, +d
	.globl fpu_fill, fpu_sum, fpu_store
fpu_store:	/* (address, value) */
	fmv.d.x ft0, a1
	fsd ft0, 0(a0)
	ret
fpu_fill:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fmv.d.x f\n, a0
	addi a0, a0, 1
	.endr
	ret
fpu_sum:
	li a0, 0
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fmv.x.d t0, f\n
	add a0, a0, t0
	.endr
	ret
	.option pop

	/* (word *): adds 1, in one step by LR and SC */
	.globl add_lr_sc
add_lr_sc:
	lr.d t0, (a0)
	addi t0, t0, 1
	sc.d t1, t0, (a0)
	bnez t1, add_lr_sc
	ret

	/* Pages of their own, which tests map elsewhere. */
	.balign 4096
	.globl fence_i_page
fence_i_page:
	fence.i
	ret
	.balign 4096

	.globl store_sd, store_sw, store_sh, store_sb, store_c_sd, store_c_sw, store_swap, store_and, store_cas
store_sd:
	.option push
	.option norvc
	sd a1, 0(a0)
	ret
store_sw:
	sw a1, 0(a0)
	ret
store_sh:
	sh a1, 0(a0)
	ret
store_sb:
	sb a1, 0(a0)
	ret
	.option pop
store_c_sd:
	c.sd a1, 0(a0)
	ret
store_c_sw:
	c.sw a1, 0(a0)
	ret
store_swap:
	amoswap.d t0, a1, (a0)
	ret
store_and:
	amoand.w t0, a1, (a0)
	ret
store_cas:
	lr.d t0, (a0)
	sc.d t1, a1, (a0)
	bnez t1, store_cas
	ret

	.bss
	.balign 16
	.space 16384
stack_top:
	.globl last_cause, last_tval, last_status, last_epc
last_cause: .space 8
last_tval: .space 8
last_status: .space 8
last_epc: .space 8
recover: .space 8
