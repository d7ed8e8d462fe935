/* SPDX-License-Identifier: MIT */
/* Starts the other harts. */
#pragma once

/* Starts all that the device tree names, up to `most` in all. Call when threads run, before there are programs. */
void boot_harts(unsigned most);
