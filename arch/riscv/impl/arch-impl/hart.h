/* SPDX-License-Identifier: MIT */
/* RISC-V: in kernel mode, tp always points to the arch part of the running thread. */
#pragma once

#include "arch-impl/context.h"
#include "lib/bits.h"

register struct arch_thread *arch_tp __asm__("tp");

static inline struct arch_thread *arch_this_thread(void)
{
	return arch_tp;
}

static inline UNCHECKED __attribute__((always_inline)) struct hart *arch_this_hart(void)
{
	return arch_tp->hart;
}

static inline struct arch_preempt *arch_preempt(void)
{
	return &arch_tp->preempt;
}

/*
 * Calls a function that returns to t0 and changes no other register. The assembler's own `call t0, f` changes t1, too,
 * if f is too far away for one instruction.
 */
#define ASM_CALL_BY_T0(f)                       \
	".reloc ., R_RISCV_CALL_PLT, " f "\n\t" \
	".reloc ., R_RISCV_RELAX\n\t"           \
	"auipc t0, 0\n\t"                       \
	"jalr t0, t0\n\t"

/* Clobbers t0. %0: the offset of `preempt` in struct arch_thread. */
#define ASM_PREEMPT_POINT   \
	"ld t0, %0(tp)\n\t" \
	"bnez t0, 1f\n\t" ASM_CALL_BY_T0("preempt_call") "1:\n\t"

/* preempt_call saves all registers but t0, so that the compiler need not save any. */
static inline void arch_preempt_point(void)
{
	__asm__ volatile(ASM_PREEMPT_POINT ::"i"(offsetof(struct arch_thread, preempt))
			 : "t0", "memory");
}

/* seldom_call saves all registers but t0, too. */
static inline void arch_call_seldom(void (*function)(void *), void *arg)
{
	register void *t1 __asm__("t1") = arg;
	register void (*t2)(void *) __asm__("t2") = function;

	__asm__ volatile(ASM_CALL_BY_T0("seldom_call")::"r"(t1), "r"(t2) : "t0", "memory");
}

static inline void arch_icache_sync(void)
{
	__asm__ volatile("fence.i" ::: "memory");
}

static inline void arch_io_fence(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* PAUSE; where it is not known, a FENCE that orders nothing. */
static inline void arch_spin_pause(void)
{
	__asm__ volatile(".4byte 0x0100000f" ::: "memory");
}

/* AMOSWAP sign-extends what it read, which the compiler does not know of its own built-in function. */
static inline unsigned long arch_swap_acquire(uint32_t *word, uint32_t value)
{
	unsigned long old;

	__asm__ volatile("amoswap.w.aq %0, %2, %1"
			 : "=r"(old), "+A"(*word)
			 : "r"(value)
			 : "memory");
	/* cppcheck-suppress uninitvar ; the instruction writes it */
	return old;
}

/* One instruction, where gcc 12 makes two of a store with release order. */
static inline void arch_clear_release(uint32_t *word)
{
	__asm__ volatile("amoswap.w.rl zero, zero, %0" : "+A"(*word) : : "memory");
}

static inline void arch_hart_set(struct hart *hart)
{
	arch_tp->hart = hart;
}
