/* SPDX-License-Identifier: MIT */
/* The detector of endless fault loops (R5; hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_HARDENED
/*
 * One more fault of that instruction. => panics where it was "served" again and again and nothing
 * else happened
 */
void loop_check(vaddr_t pc, vaddr_t addr, unsigned access);
#else
static inline void loop_check(vaddr_t pc, vaddr_t addr, unsigned access)
{
	(void)pc, (void)addr, (void)access;
}
#endif
