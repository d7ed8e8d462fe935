/* SPDX-License-Identifier: MIT */
/* Control and status registers: their bits, the causes of traps, and access from C. */
#pragma once

#define SSTATUS_SIE	   0x2
#define SSTATUS_SPIE	   0x20
#define SSTATUS_SPP	   0x100
#define SSTATUS_VS	   0x600
#define SSTATUS_FS	   0x6000
#define SSTATUS_FS_INITIAL 0x2000
#define SSTATUS_FS_CLEAN   0x4000
#define SSTATUS_UXL_64	   0x200000000
#define SSTATUS_SUM	   0x40000

/*
 * SUM, which makes user memory reachable to the kernel, is off but in the copy routines. QEMU before version 8.1 empties its
 * TLB at each change of it, which takes two fifths of the time of programs that make many calls. So for tests there is a kernel
 * in which it is always on (FAULTLINE_USER_OPEN).
 */
#ifdef FAULTLINE_USER_OPEN
#define SSTATUS_SUM_OPEN SSTATUS_SUM /* always on */
#define SSTATUS_SUM_COPY 0	     /* on in the copy routines */
#else
#define SSTATUS_SUM_OPEN 0
#define SSTATUS_SUM_COPY SSTATUS_SUM
#endif

#define SIE_SSIE 0x2
#define SIE_STIE 0x20
#define SIE_SEIE 0x200

#define SATP_SV39	8
#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44
#define SATP_ASID	(0xfffful << SATP_ASID_SHIFT)

/* scause: interrupts have the top bit set. */
#define CAUSE_INTERRUPT_SHIFT 63
#define IRQ_SOFT	      1
#define IRQ_TIMER	      5
#define IRQ_EXTERNAL	      9

#define CAUSE_FETCH_MISALIGNED 0
#define CAUSE_FETCH_ACCESS     1
#define CAUSE_ILLEGAL	       2
#define CAUSE_BREAKPOINT       3
#define CAUSE_LOAD_MISALIGNED  4
#define CAUSE_LOAD_ACCESS      5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS     7
#define CAUSE_ECALL_USER       8
#define CAUSE_FETCH_PAGE       12
#define CAUSE_LOAD_PAGE	       13
#define CAUSE_STORE_PAGE       15

#ifndef __ASSEMBLER__

#include "lib/types.h"

#define csr_read(name)                                                            \
	({                                                                        \
		uint64_t csr_value_;                                              \
		__asm__ volatile("csrr %0, " #name : "=r"(csr_value_)::"memory"); \
		csr_value_;                                                       \
	})
#define csr_write(name, value) \
	__asm__ volatile("csrw " #name ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_set(name, bits) \
	__asm__ volatile("csrs " #name ", %0" ::"rK"((uint64_t)(bits)) : "memory")
/* Clears bits. Returns what was there. */
#define csr_fetch_clear(name, bits)                        \
	({                                                 \
		uint64_t csr_value_;                       \
		__asm__ volatile("csrrc %0, " #name ", %1" \
				 : "=r"(csr_value_)        \
				 : "rK"((uint64_t)(bits))  \
				 : "memory");              \
		csr_value_;                                \
	})

#endif
