/* Finds the devices that the device tree names and starts their drivers. */
#pragma once

#include "lib/fdt.h"

/* The console and the power switch, which need no interrupts. => memory and kmap are up */
void probe_early(const struct dt *dt);

/* The rest. Each device that can't be used is named in the log. => on the boot hart, interrupts off or on */
void probe_devices(const struct dt *dt, unsigned long hart_id);
