/* Whose floating-point registers the FPU holds. */
#pragma once

#include "arch/context.h"
#include "arch/riscv/csr.h"

/*
 * SD, the top bit, in the status that a trap saved: the program changed floating-point registers
 * since.
 */
static inline bool fpu_dirty(const struct arch_thread *thread)
{
	return (long)thread->frame.status < 0;
}

static inline bool fpu_in_use(const struct arch_thread *thread)
{
	return thread->frame.status & SSTATUS_FS;
}

/* Saves the running thread's changed registers; they are clean then. => fpu_dirty(thread) */
void fpu_keep(struct arch_thread *thread);

/*
 * Makes the FPU hold the thread's registers, where it does not. => fpu_in_use(thread); thread->hart
 * is this hart
 */
void fpu_claim(struct arch_thread *thread);

/* The running thread's registers are those in thread->fpu from now on. */
void fpu_replaced(struct arch_thread *thread);

/* fpu.S */
void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);
void fpu_zero(void);
