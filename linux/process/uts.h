/* SPDX-License-Identifier: MIT */
/* What the machine and its kernel are called: for uname, and for the files of /proc that say the same. */
#pragma once

#include "abi/utsname.h"
#include "lib/types.h"

#define UTS_RELEASE    "6.12.0-faultline"
#define UTS_RELEASE_26 "2.6.72-faultline" /* for programs with UNAME26, as Linux counts */

/* Writes all names. */
void uts_read(struct abi_utsname *ret);

/* Replace a name by `len` bytes, fewer than ABI_UTS_LEN. */
void uts_set_hostname(const char *name, size_t len);
void uts_set_domainname(const char *name, size_t len);
