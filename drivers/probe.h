/* SPDX-License-Identifier: MIT */
/* Finds the devices that the device tree names and starts their drivers. */
#pragma once

#include "lib/fdt.h"

/* The way to end with a status. => before all else */
void probe_power(const struct dt *dt);

/* The console, which needs no interrupts. => memory and kmap are up */
void probe_early(const struct dt *dt);

/*
 * The rest. Each device that can't be used is named in the log. `ports` of virtio-serial are waited for (0: it is not
 * known how many there are); *missing_ret: how many of these did not come. => false: no device can be used, for want of
 * interrupts, which the log says; on the boot hart, interrupts off or on
 */
bool probe_devices(const struct dt *dt, unsigned long hart_id, unsigned ports,
		   unsigned *missing_ret);
