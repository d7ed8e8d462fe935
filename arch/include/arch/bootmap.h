/* SPDX-License-Identifier: MIT */
/* The kernel's own mappings, made once at boot. */
#pragma once

#include "lib/types.h"

struct phys_range {
	paddr_t start;
	paddr_t end; /* exclusive */
};

/* The frames of the kernel image, and those of its init part, which are freed when boot is over. */
struct phys_range arch_image(void);
struct phys_range arch_image_init(void);

/*
 * Replaces the early page tables, whose direct map covers all low physical addresses, by the final
 * ones. They map the n ranges of RAM for reading and writing, by superpages where these fit, and
 * the image's frames with the image's permissions. frame() allocates frames for tables; arch zeroes
 * them.
 */
void arch_kernel_map(const struct phys_range *ram, unsigned n, paddr_t (*frame)(void));

/*
 * Maps the page of device registers at pa for ever. For the one device that is needed before there
 * is memory for page tables. Call at most once.
 */
volatile void *arch_map_early_device(paddr_t pa);

/*
 * Is there memory at pa? Tries a load; the answer is no if the machine refuses it. Call at boot, on
 * the early page tables, before there is any process.
 */
bool arch_memory_answers(paddr_t pa);

/*
 * Unmaps the image's init part at its own addresses and makes it writable in the direct map, so
 * that its frames can be freed.
 */
void arch_image_init_done(void);
