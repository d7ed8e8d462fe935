/* SPDX-License-Identifier: MIT */
/* The test device: the only way to end QEMU with a status. */
#pragma once

#include "lib/fdt.h"

/* Finds it and offers it to power_off(). 0; -ENODEV; -EINVAL. => before there is memory to allocate; once */
int testdev_init(const struct dt *dt);
