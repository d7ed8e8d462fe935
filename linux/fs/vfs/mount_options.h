/* SPDX-License-Identifier: MIT */
/* The options of mount(2) that are numbers: "mode=755,size=1m". Pure. */
#pragma once

#include "lib/types.h"

struct mount_option {
	const char *name; /* NULL ends a list of options */
	/* Of its number: 8 or 10; or 0: 16 after "0x", 8 after "0", else 10. */
	unsigned base;
	/* May k, m, g, t, p or e follow? As on Linux, digits may be missing then, which is 0. */
	bool units;
	uint64_t percent_of; /* "%" may follow: so many hundredths of this. 0: it may not */
	/* The value is stored in units of this, rounded up. 0: in ones. */
	uint64_t per;
	uint64_t most;	 /* before it is divided */
	uint64_t *value; /* unchanged if the option is not given */
};

/*
 * Reads options; an option that is given twice has its last value. Returns 0, or -EINVAL for an
 * option that is not known, or for a number that is missing, wrong or too large.
 */
int mount_options(const char *options, const struct mount_option *known);
