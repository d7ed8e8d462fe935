/* SPDX-License-Identifier: MIT */
/* Reports to a firmware that looks for missing fences (tools/strict). */
#pragma once

#include "arch/page.h"

/*
 * Frames get another use, and no hart may have a translation of them any more: a firmware that knows of
 * such a translation reports it. Without such a firmware, this does nothing. Called by the hardened build
 * only, before the frames are used again. pa and size are multiples of PAGE_SIZE.
 */
void arch_witness_free(paddr_t pa, size_t size);

/*
 * From now on, until it has been called as often with false, a return to user mode may owe fences for
 * entries that have lost the right to write, and nothing else.
 */
void arch_witness_owe(bool owe);
