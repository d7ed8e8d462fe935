/* SPDX-License-Identifier: MIT */
/* Shared by entry.S and the C code that decodes traps. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

extern char trap_entry[], trap_kernel_return[];
extern char call_load_status[], call_set_status[];

/*
 * A trap from user mode that is neither a system call nor a page fault. Called with interrupts off,
 * and returns so.
 */
void trap_user(struct trap_frame *frame, uint64_t cause, vaddr_t stval);

/* A trap from kernel mode. Called with interrupts off, and returns so. */
void trap_kernel(struct trap_frame *frame, uint64_t cause, vaddr_t stval);

/* If another hart's interrupt is pending, clears it and calls trap_kick(). Call with interrupts off. */
void trap_take_kick(void);

/*
 * Calls try(), which may execute an instruction that this hart does not have; it then continues at
 * its fixup. Returns what try() returns. Call at boot, while one hart runs.
 */
bool trap_try(bool (*try)(void));

/* try.S, for trap_try(): may the kernel write stimecmp on this hart? Sets it to never. */
bool timer_try_sstc(void);

/* try.S: does a load that is not aligned get its bytes, from the hart or its firmware? Call with interrupts off. */
bool try_misaligned_load(void);

/* Called on the emergency stack. */
void trap_stack_overflow(struct trap_frame *frame) __attribute__((noreturn));

/* Returns where a user copy continues after a refused fault at pc; 0 if pc is in none. */
vaddr_t usercopy_fixup(vaddr_t pc);
