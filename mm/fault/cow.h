/* SPDX-License-Identifier: MIT */
/* Copy-on-write: private frames for pages that are written. */
#pragma once

#include "mm/fault/fault.h"

/*
 * COW: gets a copy of the page that the entry maps, in fault->page. Returns VM_OK or VM_PREPARE.
 * The caller holds the space's lock.
 */
enum vm_outcome cow_get(struct fault *fault);

/*
 * FAULT_NEEDS_COPY: makes the copy that fault_get_copy() asked for, in a frame that is allocated if *copy has
 * none. Takes over the reference of *source. Returns VM_OK or VM_OOM. The caller holds no spinning lock.
 */
enum vm_outcome cow_prepare(struct fault_copy *copy, const struct copy_source *source);
