/* SPDX-License-Identifier: MIT */
/* The real-time clock of QEMU's virt machine. */
#pragma once

#include "lib/fdt.h"

/*
 * Finds the clock and sets the wall clock from it. Returns 0, -ENODEV, -EINVAL or -ENOMEM. Call
 * once, before the time of day is used.
 */
int goldfish_rtc_init(const struct dt *dt);
