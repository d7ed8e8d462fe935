/* SPDX-License-Identifier: MIT */
/* Which thread's floating-point registers the FPU holds. */
#pragma once

#include "arch/context.h"
#include "arch/riscv/csr.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "sync/preempt.h"

/*
 * Has the program changed floating-point registers since they were last clean? SD, the top bit of
 * the status that the trap saved, says so.
 */
static inline bool fpu_dirty(const struct arch_thread *thread)
{
	return (long)thread->frame.status < 0;
}

/* Are all of the thread's registers 0? */
static inline bool fpu_is_initial(const struct arch_thread *thread)
{
	return (thread->frame.status & SSTATUS_FS) == SSTATUS_FS_INITIAL;
}

static inline bool fpu_is_off(const struct arch_thread *thread)
{
	return !(thread->frame.status & SSTATUS_FS);
}

/*
 * Does the FPU hold what the thread's registers are? Also true of a thread with FS off.
 * thread->hart is this hart, whose fpu_holder is the thread whose registers its FPU holds, if
 * fpu_hart agrees; NULL: zeros.
 */
static inline bool fpu_holds(const struct arch_thread *thread)
{
	const struct arch_thread *holder = thread->hart->fpu_holder;

	if (fpu_is_initial(thread))
		return !holder;
	return fpu_is_off(thread) || (holder == thread && thread->fpu_hart == thread->hart);
}

static inline void fpu_set_clean(struct arch_thread *thread)
{
	unsigned long others = thread->frame.status & ~(1ul << 63 | SSTATUS_FS);

	thread->frame.status = others | SSTATUS_FS_CLEAN;
}

static inline void fpu_hold(struct arch_thread *thread)
{
	thread->fpu_hart = thread->hart;
	thread->hart->fpu_holder = thread;
}

/*
 * Saves the running thread's changed registers, which are clean then. Call with preemption off, if
 * fpu_dirty(thread).
 */
void fpu_keep(struct arch_thread *thread);

/* Loads the thread's registers into the FPU. Call unless fpu_holds(thread). */
void fpu_claim(struct arch_thread *thread);

/*
 * The running thread's instruction was refused. Loads its registers and returns true if they were not in the FPU: then the
 * instruction is to be executed again. Call with preemption off.
 */
bool fpu_load_late(struct arch_thread *thread);

/* For fpu_pin() alone. */
void fpu_load_pinned(struct arch_thread *thread);

/* From here on the FPU holds the running thread's registers whenever that runs, until fpu_unpin(). */
static inline void fpu_pin(struct arch_thread *thread)
{
	thread->fpu_pinned = true;
	preempt_barrier(); /* no switch turns FS off after the look at it */
	if (unlikely(fpu_is_off(thread)))
		fpu_load_pinned(thread);
}

static inline void fpu_unpin(struct arch_thread *thread)
{
	preempt_barrier();
	thread->fpu_pinned = false;
}

/* The FPU holds no thread's registers any more, and the running thread's are in thread->fpu. Call with preemption off. */
static inline void fpu_turn_off(struct arch_thread *thread)
{
	thread->frame.status &= ~(1ul << 63 | SSTATUS_FS);
	thread->fpu_hart = NULL;
	thread->hart->fpu_holder = thread;
}

/* ---- fpu.S ---- */

void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);
void fpu_zero(void);

/*
 * Store the FPU to, or load it from, a struct fpu_state in user memory. Return 0 or -EFAULT. Call as a user copy,
 * fpu_copy_in() with preemption off, and fpu_copy_out() with the FPU pinned.
 */
int fpu_copy_out(vaddr_t to);
int fpu_copy_in(vaddr_t from);
