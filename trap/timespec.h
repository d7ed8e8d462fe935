/* SPDX-License-Identifier: MIT */
/* Conversions of struct timespec. */
#pragma once

#include "abi/time.h"
#include "lib/types.h"

struct abi_timespec ns_to_timespec(uint64_t ns);

/*
 * Reads a struct timespec from user memory and converts it to nanoseconds, UINT64_MAX if they do
 * not fit. Returns 0, -EFAULT or -EINVAL.
 */
int timespec_read(vaddr_t at, uint64_t *ns_ret);
