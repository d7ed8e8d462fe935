/* SPDX-License-Identifier: MIT */
/* RISC-V: the registers that a trap saves. entry.S knows the offsets (offsets.h). */
#pragma once

#include "abi/errno.h"
#include "lib/types.h"

/*
 * A trap from user mode does not save s0 to s11 and gp at entry, because the kernel's code
 * preserves them (it does not use gp). They are in the frame in clone and in trap_user_return(),
 * after which they are loaded from the frame.
 */
struct trap_frame {
	unsigned long pc;
	unsigned long x[31]; /* x1 to x31 */
	unsigned long status;
	unsigned long orig_a0; /* a0 of a system call */
	/* Set by all traps but system calls and page faults from user mode: */
	unsigned long cause;
	unsigned long stval;
} __attribute__((aligned(16)));

#define FRAME_RA	 0
#define FRAME_SP	 1
#define FRAME_TP	 3
#define FRAME_S0	 7
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

static inline unsigned long *frame_arg_at(struct trap_frame *frame, unsigned n)
{
	return &frame->x[FRAME_A0 + n];
}

static inline void frame_set_result(struct trap_frame *frame, long result)
{
	frame->x[FRAME_A0] = (unsigned long)result;
}

static inline void frame_set_word(struct trap_frame *frame, unsigned n, unsigned long word)
{
	frame->x[FRAME_A0 + n] = word;
}

static inline long frame_result(const struct trap_frame *frame)
{
	return (long)frame->x[FRAME_A0];
}

/* The system call is made again when user mode is entered. */
static inline void frame_restart(struct trap_frame *frame)
{
	frame->pc -= 4; /* the length of ecall */
	frame->x[FRAME_A0] = frame->orig_a0;
}

/* After frame_restart(): the call has been interrupted all the same. */
static inline void frame_interrupt(struct trap_frame *frame)
{
	frame->pc += 4;
	frame->x[FRAME_A0] = (unsigned long)-EINTR;
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

static inline vaddr_t frame_fp(const struct trap_frame *frame)
{
	return frame->x[FRAME_S0];
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
