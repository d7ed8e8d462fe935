/* SPDX-License-Identifier: MIT */
/* For tests that count the instructions of the kernel. */
#pragma once

#include "lib/types.h"

/*
 * The clock counts instructions of the kernel only: the machine runs with -icount, and is not the strict
 * machine, on which a fence is hundreds of the firmware's. Only in the hardened build.
 */
bool latency_clock_is_exact(void);
