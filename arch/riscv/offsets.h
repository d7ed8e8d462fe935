/* SPDX-License-Identifier: MIT */
/* The offsets of C structures for assembly; offsets.c asserts each. */
#pragma once

/* struct trap_frame: x1 is at 8, x31 at 248 */
#define FRAME_PC	    0
#define FRAME_X(n)	    (8 * (n))
#define FRAME_STATUS_OFFSET 256
#define FRAME_ORIG_A0	    264
#define FRAME_CAUSE	    272
#define FRAME_STVAL	    280
#define FRAME_SIZE	    288

/* struct arch_thread: the frame is its first field */
#define THREAD_KERNEL_SP 288
#define THREAD_WORK	 296
#define THREAD_PREEMPT	 304
#define THREAD_HART	 312
#define THREAD_SWITCHED	 320
#define THREAD_FPU	 448
#define THREAD_HAS_RSEQ	 720
#define THREAD_RSEQ_DUE	 721

/* struct fpu_state */
#define FPU_F(n) (8 * (n))
#define FPU_FCSR 256

/* the system calls and the kind of work that entry.S treats specially */
#define OFFSETS_SYS_CLONE	 220
#define OFFSETS_WORK_FRAME_SHIFT 8
