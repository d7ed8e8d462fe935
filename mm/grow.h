/* Stacks that grow by faults. */
#pragma once

#include "mm/fault.h"

/*
 * The address is in no VMA: grows the stack above it, if there is one and it may. 0: *vma_ret holds
 * the address now; VM_WAIT: a verb is at work there; VM_SEGV_STACK; VM_SEGV_MAPERR.
 * => space lock held
 */
int fault_grow(struct fault *fault, struct vma **vma_ret);
