/* SPDX-License-Identifier: MIT */
/* Provides mm/host.h: what mm/ needs from the code that owns threads. */
#pragma once

#include "mm/vm_wait.h"

/* Sets mm_host. Called during boot, together with the scheduler's initialization. */
void mm_host_init(void);

/*
 * Waits as a fault has asked for that ended with VM_WAIT; `address` is what was accessed. Where it is `interruptible` all ends it that
 * ends such a wait, else only a kill. Returns 0 or -EINTR. Call with no spinning lock held.
 */
int thread_wait_memory(const struct vm_wait *wait, vaddr_t address, bool interruptible);
