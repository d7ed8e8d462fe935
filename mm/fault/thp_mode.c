/* SPDX-License-Identifier: MIT */
/* Where faults fill memory ahead of its use: the boot word thp= and a file of /sys. */
#include "mm/fault/thp_mode.h"

#include "lib/string.h"

unsigned thp_mode = THP_NEVER; /* atomic */
const char *const thp_mode_names[THP_MODES] = {
	[THP_NEVER] = "never",
	[THP_MADVISE] = "madvise",
	[THP_ALWAYS] = "always",
};

bool thp_mode_find(const char *name, size_t len, unsigned *mode_ret)
{
	for (unsigned mode = 0; mode < THP_MODES; mode++) {
		if (strlen(thp_mode_names[mode]) != len ||
		    memcmp(thp_mode_names[mode], name, len) != 0)
			continue;
		*mode_ret = mode;
		return true;
	}
	return false;
}
