/* SPDX-License-Identifier: MIT */
/* Answers of calls, and of flags of clone, that are not there. */
#pragma once

#include "abi/errno.h"
#include "lib/types.h"

/* -ENOSYS; the log names the call, once each. */
long not_implemented(unsigned long number);

/* The same for the flags of a clone that was answered so. */
long clone_not_implemented(uint64_t flags);
