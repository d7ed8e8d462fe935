/* SPDX-License-Identifier: MIT */
/* RISC-V: what a trap saves. entry.S knows the offsets (offsets.h). */
#pragma once

#include "lib/types.h"

/*
 * Of a trap from user mode s0 to s11 and gp are not saved at entry: the kernel's code preserves
 * them (it uses no gp). They are in the frame in trap_user_return() and in clone, and then taken
 * from it at exit.
 */
struct trap_frame {
	unsigned long pc;
	unsigned long x[31]; /* x1 to x31 */
	unsigned long status;
	unsigned long orig_a0; /* of a system call */
	unsigned long
		cause; /* these two: of exceptions in kernel mode, and unusual ones in user mode */
	unsigned long stval;
} __attribute__((aligned(16)));

#define FRAME_RA	 0
#define FRAME_SP	 1
#define FRAME_TP	 3
#define FRAME_A0	 9
#define FRAME_A7	 16
#define FRAME_STATUS_SPP 0x100ul

static inline unsigned long frame_syscall(const struct trap_frame *frame)
{
	return frame->x[FRAME_A7];
}

static inline unsigned long frame_arg(const struct trap_frame *frame, unsigned n)
{
	return n == 0 ? frame->orig_a0 : frame->x[FRAME_A0 + n];
}

static inline void frame_set_result(struct trap_frame *frame, long result)
{
	frame->x[FRAME_A0] = (unsigned long)result;
}

static inline long frame_result(const struct trap_frame *frame)
{
	return (long)frame->x[FRAME_A0];
}

/* Of a system call: it is made again when the frame is left. */
static inline void frame_restart(struct trap_frame *frame)
{
	frame->pc -= 4; /* the length of ecall */
	frame->x[FRAME_A0] = frame->orig_a0;
}

static inline void frame_set_syscall(struct trap_frame *frame, unsigned long number)
{
	frame->x[FRAME_A7] = number;
}

static inline vaddr_t frame_pc(const struct trap_frame *frame)
{
	return frame->pc;
}

static inline void frame_set_pc(struct trap_frame *frame, vaddr_t pc)
{
	frame->pc = pc;
}

static inline vaddr_t frame_sp(const struct trap_frame *frame)
{
	return frame->x[FRAME_SP];
}

static inline vaddr_t frame_caller(const struct trap_frame *frame)
{
	return frame->x[FRAME_RA];
}

static inline void frame_set_sp(struct trap_frame *frame, vaddr_t sp)
{
	frame->x[FRAME_SP] = sp;
}

static inline void frame_set_tls(struct trap_frame *frame, vaddr_t tls)
{
	frame->x[FRAME_TP] = tls;
}

static inline bool frame_is_user(const struct trap_frame *frame)
{
	return !(frame->status & FRAME_STATUS_SPP);
}
