/* SPDX-License-Identifier: MIT */
/* Changing the flags of VMAs. */
#pragma once

#include "mm/space.h"

/*
 * Sets and clears flags (VMA_*, of those that no figure hangs on) of [start, end), which is within
 * one VMA: splits it and joins it as need be. 0 or -ENOMEM.
 * => mmap lock held; no spinning lock held
 */
int change_flags(struct space *space, vaddr_t start, vaddr_t end, unsigned set, unsigned clear);
