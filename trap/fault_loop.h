/* SPDX-License-Identifier: MIT */
/* Detects endless fault loops (R5; hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_HARDENED
/*
 * Counts a fault. Panics if an identical fault (instruction, address and access) has been resolved
 * far too often with no other event on this hart in between.
 */
void loop_check(vaddr_t pc, vaddr_t addr, unsigned access);
#else
static inline void loop_check(vaddr_t pc, vaddr_t addr, unsigned access)
{
	(void)pc, (void)addr, (void)access;
}
#endif
