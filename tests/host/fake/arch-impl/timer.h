/* SPDX-License-Identifier: MIT */
/* The fake machine's clock, moved by tests. */
#pragma once

#include "lib/types.h"

extern uint64_t fake_time;

static inline uint64_t arch_time(void)
{
	return fake_time;
}

static inline uint64_t arch_instructions(void)
{
	return fake_time;
}
