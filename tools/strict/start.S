/* SPDX-License-Identifier: MIT */
/* The entry, and the trap handler's registers. */
#define FRAME 256 /* struct frame */

	.section .text.start, "ax"
	.globl _start
/* a0: hart, a1: device tree, a2: where the kernel is (struct boot_info) */
_start:
	la t0, lottery
	li t1, 1
	amoswap.w.aq t0, t1, (t0)
	bnez t0, park
	la t0, bss_start
	la t1, bss_end
1:	bgeu t0, t1, 2f
	sd zero, 0(t0)
	addi t0, t0, 8
	j 1b
2:	la sp, stack_top - FRAME
	la t0, trap_entry
	csrw mtvec, t0
	csrw mscratch, sp
	mv a3, sp
	call firmware_main	/* fills the frame */
	/* fall through */

/* Goes on with the frame at sp. */
resume:
	csrw mscratch, sp
	ld x1, 8(sp)
	ld x3, 24(sp)
	ld x4, 32(sp)
	ld x5, 40(sp)
	ld x6, 48(sp)
	ld x7, 56(sp)
	ld x8, 64(sp)
	ld x9, 72(sp)
	ld x10, 80(sp)
	ld x11, 88(sp)
	ld x12, 96(sp)
	ld x13, 104(sp)
	ld x14, 112(sp)
	ld x15, 120(sp)
	ld x16, 128(sp)
	ld x17, 136(sp)
	ld x18, 144(sp)
	ld x19, 152(sp)
	ld x20, 160(sp)
	ld x21, 168(sp)
	ld x22, 176(sp)
	ld x23, 184(sp)
	ld x24, 192(sp)
	ld x25, 200(sp)
	ld x26, 208(sp)
	ld x27, 216(sp)
	ld x28, 224(sp)
	ld x29, 232(sp)
	ld x30, 240(sp)
	ld x31, 248(sp)
	ld sp, 16(sp)
	mret

/* A trap, handled by a function. \counts: the frame's x[0] and counted_from have the numbers of instructions at both ends. */
	.macro entry handler, counts
	csrrw sp, mscratch, sp	/* sp: the frame */
	sd x1, 8(sp)
	.if \counts
	csrr x1, minstret
	sd x1, 0(sp)
	.endif
	.irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	sd x\n, 8 * \n(sp)
	.endr
	/* A trap of the firmware itself gets a frame of its own. */
	la t0, panic_stack_top - FRAME
	csrrw t0, mscratch, t0
	sd t0, 16(sp)
	mv a0, sp
	call \handler
	.if \counts
	la t0, counted_from
	csrr t1, minstret
	sd t1, 0(t0)
	.endif
	j resume
	.endm

	.balign 4
	.globl trap_entry
trap_entry:
	entry trap, 0

	.balign 4
	.globl trap_entry_that_counts
trap_entry_that_counts:
	entry trap_counted, 1

/* The FPU's registers, to and from memory: f0 to f31, and fcsr. FS is not off. */
	.option push
	.option arch, +d
	.globl fpu_save
fpu_save:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fsd f\n, 8 * \n(a0)
	.endr
	frcsr t0
	sd t0, 256(a0)
	ret
	.globl fpu_load
fpu_load:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fld f\n, 8 * \n(a0)
	.endr
	ld t0, 256(a0)
	fscsr t0
	ret
	.option pop

/* The machine has one hart that runs. */
park:
	csrw mie, zero
	wfi
	j park

	.data
	.balign 4
lottery: .word 0
