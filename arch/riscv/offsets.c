/* SPDX-License-Identifier: MIT */
/* Asserts that the offsets in offsets.h are right. */
#include "arch/riscv/offsets.h"

#include "abi/syscall.h"
#include "arch/context.h"
#include "arch/riscv/layout.h"

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)

AT(struct trap_frame, pc, FRAME_PC);
AT(struct trap_frame, x[0], FRAME_X(1));
AT(struct trap_frame, x[30], FRAME_X(31));
AT(struct trap_frame, status, FRAME_STATUS_OFFSET);
AT(struct trap_frame, orig_a0, FRAME_ORIG_A0);
AT(struct trap_frame, cause, FRAME_CAUSE);
AT(struct trap_frame, stval, FRAME_STVAL);
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "struct trap_frame");

AT(struct arch_thread, frame, 0);
AT(struct arch_thread, kernel_sp, THREAD_KERNEL_SP);
AT(struct arch_thread, work, THREAD_WORK);
AT(struct arch_thread, preempt, THREAD_PREEMPT);
AT(struct arch_thread, hart, THREAD_HART);
AT(struct arch_thread, switched, THREAD_SWITCHED);
AT(struct arch_thread, fpu, THREAD_FPU);
AT(struct arch_thread, has_rseq, THREAD_HAS_RSEQ);
AT(struct arch_thread, rseq_due, THREAD_RSEQ_DUE);
AT(struct fpu_state, fcsr, FPU_FCSR);

_Static_assert(SYS_clone == OFFSETS_SYS_CLONE, "clone's number");
_Static_assert(ARCH_WORK_FRAME == 1ul << OFFSETS_WORK_FRAME_SHIFT, "ARCH_WORK_FRAME");
_Static_assert(KSTACK_SIZE == 1ul << LAYOUT_KSTACK_SHIFT, "kernel stack size");
