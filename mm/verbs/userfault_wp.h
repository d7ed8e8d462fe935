/* SPDX-License-Identifier: MIT */
/* Write protection by a program: ENTRY_WP. */
#pragma once

#include "mm/space/space.h"

/*
 * Sets or removes ENTRY_WP in a part of a VMA, page-aligned. `marks`: what has no page is MARKED, for which it gets page tables. Where
 * writes are allowed again, few pages become writable at once, the others by faults. Returns 0, or -ENOMEM or -EINTR with a part done. The
 * caller holds the mmap lock, and no spinning one.
 */
int vma_set_wp(struct vma *vma, vaddr_t start, vaddr_t end, bool wp, bool marks);
