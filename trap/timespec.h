/* SPDX-License-Identifier: MIT */
/* Times as programs give them. */
#pragma once

#include "abi/time.h"
#include "lib/types.h"

struct abi_timespec ns_to_timespec(uint64_t ns);

/* Reads a struct timespec: its nanoseconds, UINT64_MAX where they do not fit. 0, -EFAULT, -EINVAL. */
int timespec_read(vaddr_t at, uint64_t *ns_ret);
