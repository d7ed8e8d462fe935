/* SPDX-License-Identifier: MIT */
/* RISC-V: a thread's machine state. */
#pragma once

#include "arch-impl/frame.h"
#include "arch/preempt.h"
#include "arch/riscv/layout.h"
#include "lib/types.h"

#define ARCH_KSTACK_SIZE ((unsigned long)LAYOUT_KSTACK_SIZE)

/*
 * In arch_thread.work, arch's own: the frame was rewritten as a whole; all of it is taken at exit.
 */
#define ARCH_WORK_FRAME 0x100ul

struct hart;

struct fpu_state {
	uint64_t f[32];
	uint64_t fcsr;
};

struct arch_thread {
	struct trap_frame frame; /* of its last trap from user mode */
	unsigned long kernel_sp; /* top of its kernel stack */
	unsigned long work;
	struct arch_preempt preempt;
	struct hart *hart;

	/* what arch_switch() keeps: ra, sp, gp, s0 to s11 */
	unsigned long switched[15];

	struct hart *fpu_hart; /* whose FPU held its state last */
	struct fpu_state fpu;
};
