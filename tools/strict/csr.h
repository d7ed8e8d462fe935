/* SPDX-License-Identifier: MIT */
/* Control and status registers of M-mode, and the bits of them that the firmware uses (privileged spec, chapter 3). */
#pragma once

#include "lib/types.h"

#define csr_read(name)                                              \
	({                                                          \
		uint64_t csr_value_;                                \
		asm volatile("csrr %0, " #name : "=r"(csr_value_)); \
		csr_value_;                                         \
	})
#define csr_write(name, value) \
	asm volatile("csrw " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define csr_set(name, bits) asm volatile("csrs " #name ", %0" : : "r"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits) \
	asm volatile("csrc " #name ", %0" : : "r"((uint64_t)(bits)) : "memory")

#define MSTATUS_SIE	  (1ul << 1)
#define MSTATUS_SPIE	  (1ul << 5)
#define MSTATUS_SPP	  (1ul << 8)
#define MSTATUS_VS	  (3ul << 9)
#define MSTATUS_MPP_SHIFT 11
#define MSTATUS_MPP	  (3ul << MSTATUS_MPP_SHIFT)
#define MSTATUS_FS	  (3ul << 13)
#define MSTATUS_SUM	  (1ul << 18)
#define MSTATUS_MXR	  (1ul << 19)
#define MSTATUS_TVM	  (1ul << 20)
#define MSTATUS_TW	  (1ul << 21)
#define MSTATUS_TSR	  (1ul << 22)

enum privilege { USER, SUPERVISOR, MACHINE = 3 };

/* mip, mie, mideleg: supervisor software, timer, external; machine timer. */
#define IRQ_SSI (1ul << 1)
#define IRQ_STI (1ul << 5)
#define IRQ_MTI (1ul << 7)
#define IRQ_SEI (1ul << 9)

#define MCOUNTEREN_IR (1ul << 2)

#define CAUSE_INTERRUPT (1ul << 63)
enum cause {
	FETCH_MISALIGNED,
	FETCH_ACCESS,
	ILLEGAL_INSTRUCTION,
	BREAKPOINT,
	LOAD_MISALIGNED,
	LOAD_ACCESS,
	STORE_MISALIGNED,
	STORE_ACCESS,
	ECALL_FROM_USER,
	ECALL_FROM_SUPERVISOR,
	FETCH_PAGE = 12,
	LOAD_PAGE,
	STORE_PAGE = 15,
};

#define MENVCFG_CBO \
	0xf0ul /* cache-block operations are allowed; STCE, which gives stimecmp, is 0 */

#define SATP_BARE 0ul
#define SATP_SV39 8ul

static inline unsigned satp_mode(uint64_t satp)
{
	return (unsigned)(satp >> 60);
}

static inline unsigned satp_asid(uint64_t satp)
{
	return (unsigned)(satp >> 44 & 0xffff);
}

static inline uint64_t satp_root(uint64_t satp)
{
	return (satp & ((1ul << 44) - 1)) << 12;
}
