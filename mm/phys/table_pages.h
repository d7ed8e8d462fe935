/* SPDX-License-Identifier: MIT */
/* Frames for page tables: had before they are needed, given back after they were unlinked. */
#pragma once

#include "arch/mmu.h"

/*
 * Sees to it that at least `count` zeroed table frames are at hand: 0 or -ENOMEM (those had stay).
 */
int tables_fill(struct mmu_tables *tables, unsigned count);

/* Frees all of them. => no hart's TLB knows them any more */
void tables_free(struct mmu_tables *tables);
