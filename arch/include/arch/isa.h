/* SPDX-License-Identifier: MIT */
/* What programs may use of the harts besides rv64gc. It was found out at boot, and is the same for all harts. */
#pragma once

#include "lib/types.h"

/* Returns a bit RISCV_HWPROBE_IMA_* or _EXT_* (abi/hwprobe.h) for each extension that every hart has and that needs no state. */
uint64_t arch_isa_extensions(void);

/* Returns RISCV_HWPROBE_MISALIGNED_*: how fast loads and stores are that are not aligned. */
unsigned arch_misaligned_speed(void);
