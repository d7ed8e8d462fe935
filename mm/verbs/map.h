/* SPDX-License-Identifier: MIT */
/* Chooses the address of a mapping. */
#pragma once

#include "mm/space/space_lock.h"

/*
 * Chooses a free range of len bytes: at the hint, rounded down to a page, if that is free, else the
 * first fit from the top down. Returns 0 with its start in *start_ret, or -ENOMEM. len is a
 * multiple of the page size, and no larger than user memory. `like`: the start lies in its leaf table where
 * this address lies in its own, if that can be had, or anywhere if that is USER_TOP or there are no runs (mm/fault/thp_mode.h).
 * The caller holds the space's lock.
 */
int map_choose_address(struct space *space, vaddr_t hint, size_t len, vaddr_t like,
		       vaddr_t *start_ret);
