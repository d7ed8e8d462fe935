/* SPDX-License-Identifier: MIT */
/* The growth of stacks by page faults. */
#pragma once

#include "mm/fault/fault.h"

/*
 * Called when the fault's address is in no VMA; `above` is the next VMA above it, or NULL. If that
 * is a stack that may grow, grows it down to the address. Returns VM_OK if the stack holds the
 * address now, VM_WAIT if a verb is at work there, VM_SEGV_STACK or VM_SEGV_MAPERR. The caller holds the
 * space's lock.
 */
enum vm_outcome fault_grow(struct fault *fault, struct vma *above);

/*
 * The fault's address is in the busy range of a verb: fills in the wait for the verb's end and
 * returns VM_WAIT. The caller holds the space's lock.
 */
enum vm_outcome fault_await_verb(struct fault *fault);
