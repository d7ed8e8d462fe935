/* SPDX-License-Identifier: MIT */
/* The options of mount(2) that are numbers: "mode=755,uid=0". Pure. */
#pragma once

#include "lib/types.h"

struct mount_option {
	const char *name; /* NULL ends a list of options */
	unsigned base;	  /* of its number: 8 or 10 */
	uint64_t most;
	uint64_t *value; /* unchanged if the option is not given */
};

/*
 * Reads options; an option that is given twice has its last value. Returns 0, or -EINVAL for an
 * option that is not known, or for a number that is missing, wrong or too large.
 */
int mount_options(const char *options, const struct mount_option *known);
