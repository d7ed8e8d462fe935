/* SPDX-License-Identifier: MIT */
/* The registers that a trap saved, for code that reads arguments and sets results. */
#pragma once

#include "lib/types.h"

struct trap_frame;

/*
 * arch-impl/frame.h supplies struct trap_frame and these inline functions:
 *   unsigned long frame_syscall(const struct trap_frame *)          number of the system call
 *   unsigned long frame_arg(const struct trap_frame *, unsigned n)  argument 0 to 6, as the program
 *                                                                   passed it
 *   void frame_set_word(struct trap_frame *, unsigned n, unsigned long) a further result: the
 *                                                                   register of argument 1 to 6
 *   unsigned long *frame_arg_at(struct trap_frame *, unsigned n)    the same register in the frame;
 *                                                                   those of 1 to 6 lie in order
 *   void frame_set_result(struct trap_frame *, long); long frame_result()
 *   void frame_restart(struct trap_frame *)                         makes the system call again,
 *                                                                   with the same arguments
 *   void frame_interrupt(struct trap_frame *)                       after that: it returns -EINTR instead
 *   void frame_set_syscall(struct trap_frame *, unsigned long)      makes it another system call
 *   vaddr_t frame_pc(), void frame_set_pc(); vaddr_t frame_sp(), void frame_set_sp()
 *   void frame_set_tls(struct trap_frame *, vaddr_t)
 *   vaddr_t frame_caller(const struct trap_frame *)                 return address of the running
 *                                                                   function if it has called none
 *   vaddr_t frame_fp(const struct trap_frame *)                     the register that may point to the
 *                                                                   caller's end of the stack frame:
 *                                                                   in trap_user_return() only
 *   bool frame_is_user(const struct trap_frame *)                   the trap came from user mode
 * After a system call the PC is past the instruction that made it; after a fault it is at the
 * instruction.
 */
#include "arch-impl/frame.h"

/*
 * Makes it the frame of a new image: all registers zero, pc and sp as given, user mode, interrupts
 * on, FPU clean.
 */
void arch_frame_start(struct trap_frame *frame, vaddr_t pc, vaddr_t sp);

/* Makes the frame continue in a function of the program, as function(args[0], args[1], args[2]) that returns to `ret`. */
struct arch_frame_call {
	vaddr_t function, ret, sp;
	unsigned long args[3];
};
void arch_frame_call(struct trap_frame *frame, const struct arch_frame_call *call);

/* Prints the registers by emit(), one line at a time, without newlines. */
void arch_frame_print(const struct trap_frame *frame, void (*emit)(const char *line));

/*
 * Records that a thread's frame was rewritten as a whole, as sigreturn does (arch_frame_start()
 * calls this itself). In a frame that is not marked so, a system call or fault may change only the
 * registers of arguments (the results), pc, sp and tls. s0 to s11 and gp are in the frame, and may
 * be changed, in trap_user_return() only. In clone they may be read.
 */
struct arch_thread;
void arch_frame_replaced(struct arch_thread *thread);
