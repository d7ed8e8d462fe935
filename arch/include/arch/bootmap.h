/* SPDX-License-Identifier: MIT */
/* The kernel's own mappings, made once at boot. */
#pragma once

#include "lib/types.h"

struct phys_range {
	paddr_t start;
	paddr_t end; /* exclusive */
};

/* The frames of the kernel image, and the part of it that may be given back once boot is over. */
struct phys_range arch_image(void);
struct phys_range arch_image_init(void);

/*
 * Replaces the early tables, in which the direct map shows all low physical addresses, by the final
 * ones: the n ranges of real memory by superpages where they fit, RW; the image's frames as the
 * image has them. Table frames are asked of `frame`, zeroed by arch.
 */
void arch_kernel_map(const struct phys_range *ram, unsigned n, paddr_t (*frame)(void));

/*
 * Maps the page of device registers at pa, for the one device that is needed before there is memory for tables, and for
 * good. => at most once
 */
volatile void *arch_map_early_device(paddr_t pa);

/*
 * Is there memory at pa? A load that the machine refuses answers no. => boot, on the early tables; before any process
 */
bool arch_memory_answers(paddr_t pa);

/*
 * Takes the write right (and exec) from the image's init part in all aliases but the direct map's
 * RW, before its frames are freed.
 */
void arch_image_init_done(void);
