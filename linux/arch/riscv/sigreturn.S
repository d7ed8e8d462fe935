/* SPDX-License-Identifier: MIT */
/* What signal handlers return to: rt_sigreturn, by the two instructions that debuggers know. */
#include "abi/syscall.h"

	.section .rodata
	.option	push
	.option	norvc
	.globl	arch_sigreturn_code
	.globl	arch_sigreturn_code_end
arch_sigreturn_code:
	li	a7, SYS_rt_sigreturn
	ecall
arch_sigreturn_code_end:
	.option	pop
