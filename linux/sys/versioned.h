/* SPDX-License-Identifier: MIT */
/* Structs that programs pass with their size, which tells their version. */
#pragma once

#include "lib/types.h"

/*
 * Copies in a struct whose size tells its version: of `size` bytes at `from` the first `known`. As on
 * Linux, what an earlier version lacks is 0, and what a later one has must be 0. Returns 0, -EFAULT, or
 * -E2BIG. The caller bounds the size.
 */
int arg_versioned(void *to, size_t known, vaddr_t from, size_t size);
