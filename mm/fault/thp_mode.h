/* SPDX-License-Identifier: MIT */
/* Where faults fill memory ahead of its use: the boot word thp= and a file of /sys. */
#pragma once

#include "lib/types.h"

/* Where runs are made, by the names of Linux's transparent huge pages. */
enum thp_mode {
	THP_NEVER,
	THP_MADVISE, /* where MADV_HUGEPAGE has asked for them */
	THP_ALWAYS,  /* and elsewhere, unless MADV_NOHUGEPAGE or the process forbids it */
};

#define THP_MODES 3

extern unsigned thp_mode; /* atomic: enum thp_mode; THP_NEVER until the first program is started */
extern const char *const thp_mode_names[THP_MODES];

/* Finds the mode of that name. Returns false if there is none. */
bool thp_mode_find(const char *name, size_t len, unsigned *mode_ret);
