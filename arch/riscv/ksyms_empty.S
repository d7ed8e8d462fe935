/* SPDX-License-Identifier: MIT */
/* An empty table of symbols, for the link from which the real one is made. */
	.section .ksyms, "a"
	.globl	ksyms, ksyms_count, ksyms_names
	.balign	4
ksyms:
ksyms_count:
	.word	0
ksyms_names:
	.word	0
