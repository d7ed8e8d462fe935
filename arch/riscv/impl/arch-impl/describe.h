/* SPDX-License-Identifier: MIT */
/* RISC-V: compressed instructions are those that do not end in 11. */
#pragma once

#include "lib/types.h"

#define ARCH_ISA_NAME "rv64imafdc_zicntr_zicsr_zifencei"
#define ARCH_MMU_NAME "sv39"

static inline unsigned arch_instruction_bytes(uint16_t first)
{
	return (first & 3) == 3 ? 4 : 2;
}
