/* SPDX-License-Identifier: MIT */
/* The real-time clock of QEMU's virt machine. */
#pragma once

#include "lib/fdt.h"

/* Sets the wall clock. Call once, before its first use. Returns 0, -ENODEV, -EINVAL or -ENOMEM. */
int goldfish_rtc_init(const struct dt *dt);
