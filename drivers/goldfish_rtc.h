/* SPDX-License-Identifier: MIT */
/* The real-time clock of QEMU's virt machine. */
#pragma once

#include "lib/fdt.h"

/*
 * Finds it and sets the wall clock by it. 0; -ENODEV; -EINVAL; -ENOMEM. Called once, before anybody asks for the time of day.
 */
int goldfish_rtc_init(const struct dt *dt);
