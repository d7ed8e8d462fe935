/* SPDX-License-Identifier: MIT */
/* Included in front of every source: before each look at memory that the device shares, it may change that. */
#pragma once

#include <string.h>

void device_hook(void);

#define __atomic_load_n(p, order) (device_hook(), __atomic_load_n(p, order))
#define memcpy(to, from, n)	  (device_hook(), memcpy(to, from, n))
#define memcmp(a, b, n)		  (device_hook(), memcmp(a, b, n))
