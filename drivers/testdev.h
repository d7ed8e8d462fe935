/* SPDX-License-Identifier: MIT */
/* The test device: the only way to end QEMU with an exit status. */
#pragma once

#include "lib/fdt.h"

/* Registers it with power_off(). Returns 0, -ENODEV or -EINVAL. Call once, before phys_init(). */
int testdev_init(const struct dt *dt);
