/* SPDX-License-Identifier: MIT */
/* Where the kernel puts a mapping. */
#pragma once

#include "mm/space.h"

/*
 * The hint, rounded down, if that is free, else the first fit from the top down: 0 or -ENOMEM.
 * => space lock held; len is whole pages, and no more than user memory
 */
int map_choose_address(struct space *space, vaddr_t hint, size_t len, vaddr_t *start_ret);
