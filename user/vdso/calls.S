/* SPDX-License-Identifier: MIT */
/* The vDSO's functions that are a system call, and where signal handlers return to. */
#include "abi/syscall.h"

/* In the sigframe, which sp points to: pc, and behind it x1 to x31 and f0 to f31, eight bytes each. */
#define SIGFRAME_PC 304
#define SIGFRAME_SP (SIGFRAME_PC + 2 * 8)
/* The column of the interrupted pc: ra has its own. */
#define COLUMN_PC   64

/* Operations of DWARF. */
#define CFA_expression	   0x10
#define CFA_def_expression 0x0f
#define OP_breg2	   0x72	/* sp + an operand */
#define OP_deref	   0x06

/* Two bytes of an operand that is not negative. */
#define SLEB(n) (0x80 | ((n) & 0x7f)), ((n) >> 7)

	/* That register of what was interrupted is at sp + \at. Columns 1 to 31 are x1 to x31, and 32 to 63 f0 to f31. */
	.macro	saved column, at
	.cfi_escape CFA_expression, \column, 3, OP_breg2, SLEB(\at)
	.endm

	.section .text.sigreturn, "ax"
	.globl	__vdso_rt_sigreturn
	.type	__vdso_rt_sigreturn, @function
	.option	push
	.option	norvc
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column COLUMN_PC
	.cfi_escape CFA_def_expression, 4, OP_breg2, SLEB(SIGFRAME_SP), OP_deref
	saved	COLUMN_PC, SIGFRAME_PC
	.set	column, 1
	.rept	63
	saved	column, SIGFRAME_PC + 8 * column
	.set	column, column + 1
	.endr
	nop		/* unwinders look up the address before the one that a function returns to */
__vdso_rt_sigreturn:
	li	a7, SYS_rt_sigreturn	/* debuggers know these two instructions */
	ecall
	.cfi_endproc
	.size	__vdso_rt_sigreturn, . - __vdso_rt_sigreturn
	.option	pop

	.macro	call name, number
	.globl	\name
	.type	\name, @function
\name:
	.cfi_startproc
	li	a7, \number
	ecall
	ret
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.text
	call	__vdso_getcpu, SYS_getcpu
	call	__vdso_flush_icache, SYS_riscv_flush_icache
