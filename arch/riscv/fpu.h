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

/* The running thread's registers are changed as if it had done so itself. */
static inline void fpu_set_dirty(struct arch_thread *thread)
{
	thread->frame.status |= 1ul << 63 | SSTATUS_FS;
}

/* ---- fpu.S ---- */

void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);
void fpu_zero(void);

/*
 * The same with a struct fpu_state in user memory: 0 or -EFAULT. => no spinning lock held; in a wait
 * for a page the running thread's registers are kept where they are in use, and those that are
 * loaded where they are dirty
 */
int fpu_copy_out(vaddr_t to);
int fpu_copy_in(vaddr_t from);
