/* SPDX-License-Identifier: MIT */
/* The PLIC (platform-level interrupt controller). */
#pragma once

#include "lib/fdt.h"

/*
 * Finds the PLIC in the tree and the hart's supervisor context in it, and makes it the interrupt
 * controller. Returns 0; -ENODEV if there is none; -EINVAL if its node is invalid; or -ENOMEM.
 */
int plic_init(const struct dt *dt, unsigned long hart_id);
