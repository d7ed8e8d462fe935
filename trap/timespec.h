/* Times as programs give them. */
#pragma once

#include "lib/types.h"

/* Reads a struct timespec: its nanoseconds, UINT64_MAX where they do not fit. 0, -EFAULT, -EINVAL. */
int timespec_read(vaddr_t at, uint64_t *ns_ret);
