/* SPDX-License-Identifier: MIT */
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

/*
 * Saves the running thread's changed registers; they are clean then. => fpu_dirty(thread),
 * preemption off
 */
void fpu_keep(struct arch_thread *thread);

/*
 * Makes the FPU hold the thread's registers, where it does not. => fpu_in_use(thread); thread->hart
 * is this hart
 */
void fpu_claim(struct arch_thread *thread);

/*
 * Gives the running thread registers out of a struct fpu_state in user memory, and where that
 * can't be read (-EFAULT) some of them. => as for a user copy
 */
int fpu_restore(vaddr_t from);

/* ---- fpu.S ---- */

void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);
void fpu_zero(void);

/*
 * The same with a struct fpu_state in user memory: 0 or -EFAULT. Whenever the running thread comes
 * back to fpu_copy_out() the FPU holds the thread's registers. => as for a user copy, fpu_copy_in()
 * with preemption off
 */
int fpu_copy_out(vaddr_t to);
int fpu_copy_in(vaddr_t from);
