/* SPDX-License-Identifier: MIT */
/* What arch calls in the rest of the kernel, on traps and at boot. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

/* The access of a fault is VM_PROT_READ, VM_PROT_WRITE or VM_PROT_EXEC, together with this flag: */
#define TRAP_COPY 16u /* the fault was in kernel mode, in a user copy */

/* boot: the first C function on the kernel's own page tables. dtb is a physical address. */
void boot_main(unsigned long hart_id, paddr_t dtb) __attribute__((noreturn));

/* boot: the first function of another hart, with interrupts off, on the thread of arch_hart_start(). */
void boot_hart_main(void) __attribute__((noreturn));

/*
 * drivers: ends the machine with that status, by a device that the device tree at dtb (physical)
 * names. Returns if there is none. Runs at physical addresses with the MMU off.
 */
void early_exit(paddr_t dtb, unsigned status);

/* trap: a system call. Called with interrupts on. Returns the result, which arch puts into the frame. */
long trap_syscall(struct trap_frame *frame);

/*
 * trap: a page fault from user mode or in a user copy. The PC is in the frame. Called with
 * interrupts off, and returns with them off; `irq` is for arch_irq_restore() while the fault is
 * resolved. From a user copy: returns 0 to run the instruction again, or a negative errno to end
 * the copy. From user mode: always returns 0; a program that can't go on has been sent a signal.
 */
int trap_fault(struct trap_frame *frame, vaddr_t addr, unsigned access, unsigned long irq);

enum trap_exception { TRAP_ILLEGAL, TRAP_MISALIGNED, TRAP_BREAKPOINT, TRAP_ACCESS };

/* trap: any other exception from user mode. Called with interrupts on. */
void trap_exception(struct trap_frame *frame, enum trap_exception kind, vaddr_t addr);

/*
 * trap: interrupts, from user or kernel mode. Called with interrupts off. They may only
 * acknowledge, queue and wake.
 */
void trap_timer(bool from_user);
void trap_external(void);

/* trap: another hart has interrupted this one by arch_hart_kick(). Called as these are. */
void trap_kick(void);

/* trap: arch_thread.work is not 0 before user mode is entered. Called with interrupts on. */
void trap_user_return(struct trap_frame *frame);
