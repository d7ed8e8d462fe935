/* SPDX-License-Identifier: MIT */
/* Saves and loads the FPU's registers, also in user memory. The kernel itself does not use them. */
#include "arch/riscv/csr.h"
#include "arch/riscv/fixup.h"
#include "arch/riscv/offsets.h"

#define SUM_AND_FS ((SSTATUS_SUM_COPY | SSTATUS_FS) >> 12)

	.option	arch, +d
	.section .text.usercopy, "ax"

#define FOR_ALL_FPU_REGISTERS \
	each 0; each 1; each 2; each 3; each 4; each 5; each 6; each 7; \
	each 8; each 9; each 10; each 11; each 12; each 13; each 14; each 15; \
	each 16; each 17; each 18; each 19; each 20; each 21; each 22; each 23; \
	each 24; each 25; each 26; each 27; each 28; each 29; each 30; each 31

	/* int fpu_copy_out(vaddr_t) */
	.globl	fpu_copy_out
fpu_copy_out:
	lui	t0, SUM_AND_FS
	j	fpu_store_all

	/* void fpu_save(struct fpu_state *) does the same without SUM, a change of which empties QEMU's TLB. */
	.globl	fpu_save
fpu_save:
	lui	t0, SSTATUS_FS >> 12
fpu_store_all:
	csrs	sstatus, t0
fpu_stores:
	.macro	each n
	fsd	f\n, FPU_F(\n)(a0)
	.endm
	FOR_ALL_FPU_REGISTERS
	.purgem	each
	frcsr	t1
	sd	t1, FPU_FCSR(a0)
fpu_stored:
	li	a0, 0
	csrc	sstatus, t0
	ret
	fixup	fpu_stores, fpu_stored, fpu_refused

	/* int fpu_copy_in(vaddr_t) */
	.globl	fpu_copy_in
fpu_copy_in:
	lui	t0, SUM_AND_FS
	j	fpu_load_all

	/* void fpu_load(const struct fpu_state *) */
	.globl	fpu_load
fpu_load:
	lui	t0, SSTATUS_FS >> 12
fpu_load_all:
	csrs	sstatus, t0
fpu_loads:
	.macro	each n
	fld	f\n, FPU_F(\n)(a0)
	.endm
	FOR_ALL_FPU_REGISTERS
	.purgem	each
	ld	t1, FPU_FCSR(a0)
fpu_loaded:
	fscsr	t1
	li	a0, 0
	csrc	sstatus, t0
	ret
	fixup	fpu_loads, fpu_loaded, fpu_refused

fpu_refused:
	csrc	sstatus, t0
	li	a0, -14			/* -EFAULT */
	ret

	.text

	/* void fpu_zero(void) */
	.globl	fpu_zero
fpu_zero:
	lui	t0, SSTATUS_FS >> 12
	csrs	sstatus, t0
	.macro	each n
	fmv.d.x	f\n, zero
	.endm
	FOR_ALL_FPU_REGISTERS
	.purgem	each
	fscsr	zero
	csrc	sstatus, t0
	ret
