/* SPDX-License-Identifier: MIT */
/* The Linux layer's: what openat2 is asked. */
#pragma once

#include <stdint.h>

struct abi_open_how {
	uint64_t flags; /* O_* */
	uint64_t mode;
	uint64_t resolve; /* RESOLVE_* */
};

_Static_assert(sizeof(struct abi_open_how) == 24, "as in the ABI");

#define RESOLVE_NO_XDEV	      0x01
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS   0x04
#define RESOLVE_BENEATH	      0x08
#define RESOLVE_IN_ROOT	      0x10
#define RESOLVE_CACHED	      0x20
#define RESOLVE_VALID	      0x3f

/* The walk stays at or below its start. */
#define RESOLVE_SCOPED (RESOLVE_BENEATH | RESOLVE_IN_ROOT)
