/* SPDX-License-Identifier: MIT */
/* RISC-V: a thread's machine state. */
#pragma once

#include "arch-impl/frame.h"
#include "arch/preempt.h"
#include "arch/riscv/layout.h"
#include "lib/types.h"

#define ARCH_KSTACK_SIZE ((unsigned long)LAYOUT_KSTACK_SIZE)

/* A bit of arch_thread.work for arch alone: the whole frame is to be loaded at exit. */
#define ARCH_WORK_FRAME 0x100ul

struct hart;

struct fpu_state {
	uint64_t f[32];
	uint64_t fcsr;
};

struct arch_thread {
	/* private to the thread; its tracer's while it is stopped; FS in the status: as fpu_hart */
	struct trap_frame frame; /* saved by its last trap from user mode */
	/* const: */
	unsigned long kernel_sp; /* top of its kernel stack */
	/* atomic: */
	unsigned long work;
	/* of its fields the first is private to the thread, the other atomic */
	struct arch_preempt preempt;
	/* changed under the scheduler's lock, read under it or by the thread itself: */
	struct hart *hart;

	/* private to the hart that switches, under the scheduler's lock; saved by arch_switch(): ra, sp, gp, s0 to s11 */
	unsigned long switched[15];

	/* private to the thread with preemption off, and to the hart that switches to it or away from it: */
	struct hart *fpu_hart; /* the hart whose FPU held its state last */
	struct fpu_state fpu;
	/* guarded as thread->tid: */
	uint64_t who;
	/* private to the thread; the trap entry reads the first and writes the second: */
	bool has_rseq, rseq_due;
	/* as fpu_hart: */
	bool fpu_changed; /* its registers had been changed since they were loaded when it was last switched from */
	/* private to the thread, read by the hart that switches to it: */
	bool fpu_pinned; /* each switch to it loads them */
};
