/* SPDX-License-Identifier: MIT */
/* Copy-on-write: a private copy of a page for a write fault. */
#pragma once

#include "mm/fault.h"

/*
 * Gets a copy of the page that the entry maps. Returns 0 with the copy in fault->page, or
 * FAULT_PREPARE. The caller holds the locks of get() in struct vma_backend.
 */
int cow_get(struct fault *fault);
