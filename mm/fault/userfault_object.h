/* SPDX-License-Identifier: MIT */
/* Registered memory that has an object. For mm/fault/userfault.c. */
#pragma once

#include "mm/fault/fault.h"

/* The backend's get() for an access. */
enum vm_outcome userfault_get_of_object(struct fault *fault);

/* The backend's get() for vm_fault_give(): VM_OK, or VM_BUS if the page cannot be mapped there. */
enum vm_outcome userfault_get_given(struct fault *fault);

/*
 * userfault_give() where the memory is shared: the page becomes the object's, and is mapped. -EFAULT: it is not shared, or the page is
 * beyond the object's end; -ENOMEM also if the file may have no more pages.
 */
int userfault_give_to_object(struct space *space, vaddr_t va, struct page **page, bool wp);
