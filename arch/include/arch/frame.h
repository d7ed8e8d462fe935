/* SPDX-License-Identifier: MIT */
/* What a trap saved of a thread, for those who read arguments and set results. */
#pragma once

#include "lib/types.h"

struct trap_frame;

/*
 * arch-impl/frame.h supplies struct trap_frame and, inline:
 *   unsigned long frame_syscall(const struct trap_frame *)           the call's number
 *   unsigned long frame_arg(const struct trap_frame *, unsigned n)   argument 0 to 5 as the program
 *                                                                    gave it
 *   void frame_set_result(struct trap_frame *, long); long frame_result()
 *   void frame_restart(struct trap_frame *)                          a system call is made again,
 *                                                                    with the arguments it had
 *   void frame_set_syscall(struct trap_frame *, unsigned long)       as another one
 *   vaddr_t frame_pc(), void frame_set_pc(); vaddr_t frame_sp(), void frame_set_sp()
 *   void frame_set_tls(struct trap_frame *, vaddr_t)
 *   vaddr_t frame_caller(const struct trap_frame *)                  where the running function
 *                                                                    returns to, if it has called none
 *   bool frame_is_user(const struct trap_frame *)                    it came from user mode
 * A system call's PC is already past its instruction; a fault's is at it.
 */
#include "arch-impl/frame.h"

/*
 * Makes it the frame of a new image: all registers zero, pc and sp as given, user mode, interrupts
 * on, FPU clean.
 */
void arch_frame_start(struct trap_frame *frame, vaddr_t pc, vaddr_t sp);

/* Prints the registers through emit, a line at a time without newline. */
void arch_frame_print(const struct trap_frame *frame, void (*emit)(const char *line));

/*
 * Tells that a thread's frame was rewritten as a whole (sigreturn; arch_frame_start() does it
 * itself): of a frame that is not marked so, a system call or fault may change a0 (the result), pc,
 * sp and tls only. s0 to s11 and gp are in it, and may be changed, in trap_user_return() alone;
 * they are there to read in clone.
 */
struct arch_thread;
void arch_frame_replaced(struct arch_thread *thread);
