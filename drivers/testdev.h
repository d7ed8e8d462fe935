/* The test device: the only way to end QEMU with a status. */
#pragma once

#include "lib/fdt.h"

/* Finds it and offers it to power_off(). 0; -ENODEV; -EINVAL; -ENOMEM */
int testdev_init(const struct dt *dt);
