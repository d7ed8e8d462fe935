/* SPDX-License-Identifier: MIT */
/* An empty symbol table, for the first link, from which the real table is made. */
	.section .ksyms, "a"
	.globl	ksyms, ksyms_count, ksyms_names
	.balign	4
ksyms:
ksyms_count:
	.word	0
ksyms_names:
	.word	0
