/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#pragma once

#include "mm/fault.h"

/*
 * Installs what the fault got. FILL and COW map fault->page; the reference to a fresh frame becomes
 * that of the entry, and a read of an object's page maps fault->pages too. The other kinds give the
 * entry's page more permissions. Returns 0, or FAULT_AGAIN if the hardware or another hart has
 * changed the entry. The caller has held the space's lock since the look-up, and the object's lock
 * since it got a page of that object.
 */
int vma_install(struct fault *fault);

/*
 * Call after the VMA has gained permissions. If [start, end) has only few pages, gives them to its
 * entries at once, which saves a fault for each; VM_PROT_WRITE only to those for which a write
 * would be REUSE. Other entries get theirs by faults. The caller holds the space's lock.
 */
void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end);
