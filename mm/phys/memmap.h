/* SPDX-License-Identifier: MIT */
/* Boot-time memory: which frames exist, and the array of struct pages. */
#pragma once

#include "arch/bootmap.h"
#include "lib/types.h"

/*
 * Lays out the struct pages for the ranges of RAM and frees every frame that no reserved range
 * touches. Called once, on the early tables; calls arch_kernel_map(). Ranges need not be sorted or
 * aligned, and may overlap, RAM too; what the direct map shall not show (the firmware's) is taken
 * out of RAM by the caller. Also makes the zero page and the reserve, and starts kmap. 0; -ENOMEM
 * where the memory is too small to start; -E2BIG where there are too many ranges; -EINVAL: no RAM
 */
int phys_init(const struct phys_range *ram, unsigned nram, const struct phys_range *reserved,
	      unsigned nreserved);

/*
 * Gives reserved frames (boot code, a spent archive) to the allocator; those that lie wholly in the
 * range.
 */
void phys_release(struct phys_range range);
