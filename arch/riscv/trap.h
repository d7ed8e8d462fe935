/* SPDX-License-Identifier: MIT */
/* Between entry.S and the C that decodes traps. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

extern char trap_entry[], trap_kernel_return[];

/* From user mode, neither system call nor page fault. => interrupts off at entry and exit */
void trap_user(struct trap_frame *frame, uint64_t cause, vaddr_t stval);

/* From kernel mode. => interrupts off at entry and exit */
void trap_kernel(struct trap_frame *frame, uint64_t cause, vaddr_t stval);

/*
 * Calls `try`, which may meet an instruction that this hart does not have and then goes on at its fixup. => its answer;
 * while the machine boots, on one hart
 */
bool trap_try(bool (*try)(void));

/* try.S, for trap_try(): has this hart a stimecmp that we may write? Sets it to never. */
bool timer_try_sstc(void);

/* On the emergency stack. */
void trap_stack_overflow(struct trap_frame *frame) __attribute__((noreturn));

/* Where a user copy goes on that was refused at pc; 0: it is not one (usercopy.S). */
vaddr_t usercopy_fixup(vaddr_t pc);
