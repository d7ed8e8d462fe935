/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#pragma once

#include "mm/fault.h"

/*
 * One for each kind of fault (mm/fault_classify.h). They return VM_OK, or VM_AGAIN if another round
 * is needed: for the last four if the hardware or another hart has changed the entry, for SWAPPED
 * if the write is COW or REUSE next. REMAP returns VM_WAIT if it has to wait for write-back. The
 * caller has held the space's lock since the look-up, and the object's lock since it got a page of
 * that object.
 *
 * FILL maps fault->page, and for a read of an object's page also fault->pages; COW maps fault->page
 * instead of the entry's; SWAPPED instead of the slot. The reference to a private frame becomes
 * that of the entry.
 */
int install_fill(struct fault *fault);
int install_copy(struct fault *fault);
int install_swapped(struct fault *fault);

/* The entry's page stays, and the entry gets more permissions; SPURIOUS only fences. */
int install_accessed(struct fault *fault);
int install_nothing(struct fault *fault);
int install_reuse(struct fault *fault);
int install_remap(struct fault *fault);

/*
 * Call after the VMA has gained permissions. If [start, end) has only few pages, gives them to its
 * entries at once, which saves a fault for each; VM_PROT_WRITE only to those for which a write
 * would be REUSE. Other entries get theirs by faults. The caller holds the space's lock.
 */
void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end);

/* Is it one of the kinds that install_beside() resolves? */
static inline bool install_can_beside(enum fault_kind kind)
{
	return kind == FAULT_FILL || kind == FAULT_ACCESSED || kind == FAULT_SPURIOUS;
}

/*
 * Such a fault for a reader of the space (mm/space_lock.h), of memory without an object that programs may not
 * execute. Returns VM_OK, or VM_AGAIN with nothing changed: it is of another kind, or another hart was
 * quicker, or there is no frame of zeros.
 */
int install_beside(struct fault *fault, struct space_reader *self);
