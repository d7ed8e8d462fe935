/* SPDX-License-Identifier: MIT */
/* The fields of an instruction, and the instructions that the firmware knows. */
#pragma once

#define OPCODE(insn)	  ((insn)&0x7f)
#define RD(insn)	  ((insn) >> 7 & 31)
#define FUNCT3(insn)	  ((insn) >> 12 & 7)
#define RS1(insn)	  ((insn) >> 15 & 31)
#define RS2(insn)	  ((insn) >> 20 & 31)
#define CSR_OF(insn)	  ((insn) >> 20)
#define FUNCT5(insn)	  ((insn) >> 27)
#define OPCODE_STORE	  0x23u
#define OPCODE_AMO	  0x2fu
#define OPCODE_SYSTEM	  0x73u
#define FUNCT5_LR	  2u
#define insn_length(insn) (((insn)&3) == 3 ? 4u : 2u)
#define INSN_SRET	  0x10200073u
#define INSN_WFI	  0x10500073u
#define SFENCE_VMA	  0x12000073u
#define SINVAL_VMA	  0x16000073u
#define FENCE_FIXED	  0xfe007fffu /* the bits of a fence that are not operands */
#define CSR_SATP	  0x180u

/*
 * FENCE.I does not trap. In the kernel's text it is replaced by an instruction that does: one of the
 * opcode custom-0, which no kernel for QEMU's virt can use.
 */
#define INSN_FENCE_I	0x100fu
#define INSN_FENCE_TRAP 0x100bu

/* PAUSE, likewise, with the option `count`: it is a hint. */
#define INSN_PAUSE	0x0100000fu
#define INSN_PAUSE_TRAP 0x0100000bu
#define CSR_INSTRET	0xc02u
