/* SPDX-License-Identifier: MIT */
/* What the machine and its kernel are called: for uname, and for the files of /proc that say the same. */
#pragma once

#include "abi/utsname.h"

/* Writes all names. */
void uts_read(struct abi_utsname *ret);
