/* SPDX-License-Identifier: MIT */
/* The test device: the only way to end QEMU with an exit status. */
#pragma once

#include "lib/fdt.h"

/*
 * Finds the device and registers it with power_off(). Returns 0, -ENODEV or -EINVAL. Call once, before
 * memory can be allocated.
 */
int testdev_init(const struct dt *dt);
