/* SPDX-License-Identifier: MIT */
/* Finds the devices in the device tree and starts their drivers. */
#pragma once

#include "lib/fdt.h"

/* Finds the device that ends the machine with a status. Call before everything else. */
void probe_power(const struct dt *dt);

/* Finds the console, which needs no interrupts, and the clock. Call when memory and kmap are up. */
void probe_early(const struct dt *dt);

/*
 * Finds all other devices; the log names each that cannot be used. Waits for `ports` virtio-serial
 * ports (0: their number is not known), and sets *missing_ret to how many of them did not appear.
 * Returns false if no device can be used because there is no interrupt controller, and logs that.
 * Call on the boot hart, with interrupts on or off.
 */
bool probe_devices(const struct dt *dt, unsigned long hart_id, unsigned ports,
		   unsigned *missing_ret);
