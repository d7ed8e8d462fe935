/* SPDX-License-Identifier: MIT */
/* Starting the other harts, and interrupting them. */
#pragma once

#include "lib/types.h"

struct arch_thread;
struct hart;

/* Why the firmware can't be asked to start other harts, or to fence and interrupt them; NULL: it can. */
const char *arch_harts_refusal(void);

/*
 * Asks for a hart, by the machine's number, to begin in boot_hart_main() on that thread, which
 * arch_thread_init() has prepared and whose `hart` is set. Returns 0 or the firmware's error: a
 * negative number. A hart that the firmware has let begin elsewhere (arch/riscv/start.S) has stopped
 * again: until it has come, more calls start it once more. They fail otherwise, and change nothing.
 */
long arch_hart_start(unsigned long id, struct arch_thread *thread);

/*
 * The hart that calls it sees all kernel mappings and instructions as they are now: call once it is counted, so that it
 * gets all later fences.
 */
void arch_hart_join(void);

/*
 * Interrupts another hart, which calls trap_kick() and then sees all that this one has stored before. Returns false if the
 * firmware refuses.
 */
bool arch_hart_kick(const struct hart *hart);
