/* SPDX-License-Identifier: MIT */
/* A bare address space of arch's, for tests: tables and frames of its own, no VMAs. */
#pragma once

#include "arch/mmu.h"
#include "mm/phys/page.h"

struct arch_space {
	struct mmu mmu;
	struct mmu_tables spare;
};

/* Returns false if there is no memory. */
bool arch_space_start(struct arch_space *as);

/* Maps the frame, RW, accessed and dirty. Returns false if there is no memory. */
bool arch_space_map(struct arch_space *as, vaddr_t va, pfn_t pfn);

/* Empties, destroys and frees it all; the number of tables it had, the root included. */
unsigned arch_space_end(struct arch_space *as);
