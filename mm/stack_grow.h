/* SPDX-License-Identifier: MIT */
/* Stacks that grow by faults. */
#pragma once

#include "mm/fault.h"

/*
 * The address is in no VMA; `above` is the next one, or NULL. Where that is a stack and may grow, it
 * does. 0: it holds the address now; VM_WAIT: a verb is at work there; VM_SEGV_STACK;
 * VM_SEGV_MAPERR.
 * => space lock held
 */
int fault_grow(struct fault *fault, struct vma *above);

/* A verb has in hand what the fault wants: fills its wait in. VM_WAIT. => space lock held */
int fault_await_verb(struct fault *fault);
