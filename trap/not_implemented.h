/* SPDX-License-Identifier: MIT */
/* ENOSYS for system calls and clone flags that are not implemented. */
#pragma once

#include "abi/errno.h"
#include "lib/types.h"

/* Returns -ENOSYS. The first time for each call, the log names it. */
long not_implemented(unsigned long number);

/* The same for the flags of a clone that failed with ENOSYS. */
long clone_not_implemented(uint64_t flags);
