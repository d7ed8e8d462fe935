/* SPDX-License-Identifier: MIT */
/* Frames for page tables: allocated before they are needed, freed after they were unlinked. */
#pragma once

#include "arch/mmu.h"

/*
 * Allocates zeroed frames until `tables` has at least `count`. Returns 0, or -ENOMEM; what was
 * allocated stays in `tables`.
 */
int tables_fill(struct mmu_tables *tables, unsigned count);

/* Frees all of them. They are unlinked and fenced: no hart's TLB refers to them. */
void tables_free(struct mmu_tables *tables);
