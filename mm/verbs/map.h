/* SPDX-License-Identifier: MIT */
/* Chooses the address of a mapping. */
#pragma once

#include "mm/space/space_lock.h"

/*
 * Chooses a free range of len bytes: at the hint, rounded down to a page, if that is free, else the
 * first fit from the top down. Returns 0 with its start in *start_ret, or -ENOMEM. len is a
 * multiple of the page size, and no larger than user memory. The caller holds the space's lock.
 */
int map_choose_address(struct space *space, vaddr_t hint, size_t len, vaddr_t *start_ret);
