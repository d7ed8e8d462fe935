/* SPDX-License-Identifier: MIT */
/* Frames for page tables: allocated before they are needed, freed after they were unlinked. */
#pragma once

#include "arch/mmu.h"

/*
 * Allocates zeroed frames until `tables` has at least `count`. Returns 0, or -ENOMEM; what was
 * allocated stays in `tables`.
 */
int tables_fill(struct mmu_tables *tables, unsigned count);

/*
 * Frees these page tables. They are unlinked and fenced: no hart's TLB refers to them. Tables that an unmap has left empty are
 * unlinked by arch_mmu_prune(), and come here by gather_free() (mm/space/tlb_gather.c); those of a space that ends, by
 * space_destroy().
 */
void tables_free(struct mmu_tables *tables);
