/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#pragma once

#include "mm/fault.h"

/*
 * Installs what the fault got: FILL and COW map fault->page, which is the entry's from then on
 * (and the neighbours of an object's page), the other kinds give the entry's own page more permissions.
 * 0; FAULT_AGAIN: the hardware, or another hart, has changed the entry.
 * => space lock held since the look-up, and the lock of the object that a page was got from
 */
int vma_install(struct fault *fault);

/*
 * The VMA has got more permissions: entries of [start, end) follow at once where they are few and have the
 * page to themselves, as the next access would otherwise have to ask. The others follow by faults.
 * => space lock held
 */
void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end);
