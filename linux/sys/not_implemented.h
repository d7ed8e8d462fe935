/* SPDX-License-Identifier: MIT */
/* ENOSYS for system calls that are not implemented. */
#pragma once

#include "abi/errno.h"
#include "lib/types.h"

/* So many programs are distinguished, by their names. All others count as one program. */
#define NOT_IMPLEMENTED_PROGRAMS 64

/*
 * Returns -ENOSYS. The log names the call the first time that a program makes it: as a warning, or
 * as a notice if programs commonly go on without the call.
 */
long not_implemented(unsigned long number);
