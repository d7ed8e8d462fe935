/* SPDX-License-Identifier: MIT */
/* A few user instructions as numbers, for the programs of a line or two that tests put together. */
#pragma once

#include "lib/types.h"

/* Registers */
#define ZERO 0u
#define SP   2u
#define T0   5u
#define T1   6u
#define A0   10u
#define A1   11u
#define A2   12u
#define A3   13u
#define A4   14u
#define A5   15u
#define A7   17u

#define CODE_I(op, funct, to, from, imm) \
	((uint32_t)((imm)&0xfff) << 20 | (from) << 15 | (uint32_t)(funct) << 12 | (to) << 7 | (op))
#define CODE_S(op, funct, base, from, imm)                                   \
	((uint32_t)((imm) >> 5 & 0x7f) << 25 | (from) << 20 | (base) << 15 | \
	 (uint32_t)(funct) << 12 | (uint32_t)((imm)&0x1f) << 7 | (op))

#define LI(to, imm)	       CODE_I(0x13u, 0, to, ZERO, imm) /* imm: 12 bits, signed */
#define ADDI(to, from, imm)    CODE_I(0x13u, 0, to, from, imm)
#define LUI(to, pages)	       ((uint32_t)(pages) << 12 | (to) << 7 | 0x37u) /* pages * 4 KiB */
#define LD(to, offset, base)   CODE_I(0x03u, 3, to, base, offset)
#define LBU(to, offset, base)  CODE_I(0x03u, 4, to, base, offset)
#define SD(from, offset, base) CODE_S(0x23u, 3, base, from, offset)
#define JR(base)	       CODE_I(0x67u, 0, ZERO, base, 0)
#define LOOP		       0x6fu /* jumps to itself */
#define ECALL		       0x73u
#define EBREAK		       0x100073u
#define FENCE_I		       0x100fu
#define ILLEGAL		       0u
/* Over the next instruction unless the register is zero; to itself while it is not. */
#define SKIP_IF_ZERO(a)	       ((a) << 15 | 0u << 12 | 8u << 7 | 0x63u)

/* a7 = number; ecall */
#define CALL(number) LI(A7, number), ECALL
#define EXIT_A0	     CALL(93)
#define EXIT(status) LI(A0, status), EXIT_A0

/* Where user_program() puts code, and a page of data that may be written. */
#define CODE_AT	   0x10000ul
#define CODE_PAGES 0x10u
#define DATA_AT	   0x20000ul
#define DATA_PAGES 0x20u
