/* SPDX-License-Identifier: MIT */
/* Extensions in the device tree. */
#pragma once

#include "lib/types.h"

struct dt;

/* Finds out what arch/isa.h has. Call at boot, while one hart runs. */
void isa_init(const struct dt *dt);

/* Does every processor of the device tree have Sstc? */
bool isa_has_sstc(void);
