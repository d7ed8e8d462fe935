/* SPDX-License-Identifier: MIT */
/* The test device: the only way to end QEMU with an exit status. */
#pragma once

#include "lib/fdt.h"

/* Registers it with power_off(). Call once, before phys_init(). Returns 0, -ENODEV or -EINVAL. */
int testdev_init(const struct dt *dt);
