/* SPDX-License-Identifier: MIT */
/* The platform-level interrupt controller. */
#pragma once

#include "lib/fdt.h"

/*
 * Finds the PLIC in the tree and this hart's supervisor context in it, and makes it the interrupt chip.
 * 0; -ENODEV: none there; -EINVAL: the tree says nonsense; -ENOMEM
 */
int plic_init(const struct dt *dt, unsigned long hart_id);
