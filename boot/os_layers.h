/* SPDX-License-Identifier: MIT */
/* Where the linker has put what OS_LAYER() makes (arch's kernel.ld). */
#pragma once

#include "base/os_layer.h"

extern const struct os_layer os_layers_start[], os_layers_end[];
