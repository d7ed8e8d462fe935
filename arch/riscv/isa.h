/* SPDX-License-Identifier: MIT */
/* Extensions in the device tree. */
#pragma once

#include "lib/types.h"

struct dt;

/* Finds out what arch/isa.h has. Call at boot, while one hart runs. */
void isa_init(const struct dt *dt);

/*
 * The extensions that each processor of the tree has, as bits of abi/hwprobe.h and below: those of rv64gc, and those that its string or its
 * list of strings names, of which either may be shorter.
 */
uint64_t isa_extensions_in(const struct dt *dt);

#define ISA_SSTC (1ul << 63) /* not for programs */

/* Does every processor of the device tree have Sstc? */
bool isa_has_sstc(void);
