/* SPDX-License-Identifier: MIT */
/* Boot-time memory: which frames exist, and the array of struct pages. */
#pragma once

#include "arch/bootmap.h"
#include "lib/types.h"
#include "mm/phys/page.h"

/*
 * Makes the struct pages for the ranges of RAM, and frees every frame that no reserved range
 * touches. Also calls arch_kernel_map(), makes the zero page, sets the reserve and initialises
 * kmap. Called once, on the early page tables. Ranges need not be sorted or aligned and may
 * overlap, those of RAM too. The caller leaves out of `ram` what must not be in the direct map (the
 * firmware's memory). Returns 0, -ENOMEM if the memory is too small to start, -E2BIG if there are
 * too many ranges, or -EINVAL if there is no RAM.
 */
int phys_init(const struct phys_range *ram, unsigned nram, const struct phys_range *reserved,
	      unsigned nreserved);

/*
 * Boot: makes struct pages of kind PAGE_DEVICE for the registers of a device, so that a program may
 * map them. Each has a reference that stays. Returns 0 and the first one; -EEXIST if a frame has a
 * struct page already, as memory has; -ENOSPC or -ENOMEM.
 */
int phys_add_device(paddr_t start, size_t npages, struct page **pages_ret);

/*
 * Gives the reserved frames that lie wholly in the range (boot code, an unpacked archive) to the
 * allocator.
 */
void phys_release(struct phys_range range);
