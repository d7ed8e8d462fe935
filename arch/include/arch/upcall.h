/* SPDX-License-Identifier: MIT */
/* What the kernel gives to arch: where traps and the boot go. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

/* How a fault came about: one of VM_PROT_READ, VM_PROT_WRITE, VM_PROT_EXEC, and */
#define TRAP_COPY 16u /* in kernel mode, inside a user copy */

/* boot: the first C function on the kernel's own tables. dtb is physical. */
void boot_main(unsigned long hart_id, paddr_t dtb) __attribute__((noreturn));

/*
 * drivers: ends the machine with that status, by what its tree (physical) names; returns where there is no way. => runs
 * at physical addresses, MMU off
 */
void early_exit(paddr_t dtb, unsigned status);

/* trap: a system call. => interrupts on; the result goes into the frame */
void trap_syscall(struct trap_frame *frame);

/*
 * trap: a page fault from user mode or a user copy. stval, the access and the PC (in the frame) were
 * read already. irq: arch_irq_restore() of it while the fault is served. From a copy: 0 to run it
 * again, negative errno to end it. From user mode: 0 always; a program that can't go on has been
 * sent its signal. => interrupts off at entry and exit
 */
int trap_fault(struct trap_frame *frame, vaddr_t addr, unsigned access, unsigned long irq);

enum trap_exception { TRAP_ILLEGAL, TRAP_MISALIGNED, TRAP_BREAKPOINT, TRAP_ACCESS };

/* trap: any other exception from user mode. => interrupts on */
void trap_exception(struct trap_frame *frame, enum trap_exception kind, vaddr_t addr);

/*
 * trap: interrupts. => interrupts off; from user or kernel mode; only acknowledge, queue and wake
 */
void trap_timer(bool from_user);
void trap_external(void);

/*
 * trap: something waits (arch_thread.work is not zero) before user mode is entered. => interrupts
 * on
 */
void trap_user_return(struct trap_frame *frame);
