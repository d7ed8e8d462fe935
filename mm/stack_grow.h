/* SPDX-License-Identifier: MIT */
/* Stacks grow by faults below them. */
#pragma once

#include "mm/fault.h"

/*
 * Called when the fault's address is in no VMA; `above` is the next VMA above it, or NULL. If that
 * is a stack that may grow, grows it down to the address. Returns 0 if the stack holds the address
 * now, VM_WAIT if a verb is at work there, VM_SEGV_STACK or VM_SEGV_MAPERR. The caller holds the
 * space's lock.
 */
int fault_grow(struct fault *fault, struct vma *above);

/*
 * A verb is at work on the address of the fault: fills in the wait for it and returns VM_WAIT. The
 * caller holds the space's lock.
 */
int fault_await_verb(struct fault *fault);
