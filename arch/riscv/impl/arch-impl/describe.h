/* SPDX-License-Identifier: MIT */
/* RISC-V: compressed instructions are those that do not end in 11. */
#pragma once

#include "lib/types.h"

static inline unsigned arch_instruction_bytes(uint16_t first)
{
	return (first & 3) == 3 ? 4 : 2;
}
