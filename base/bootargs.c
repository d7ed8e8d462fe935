/* SPDX-License-Identifier: MIT */
/* The kernel's command line, as the firmware gave it. */
#include "base/bootargs.h"

static const char *text = ""; /* const after boot */

void bootargs_set(const char *line)
{
	text = line;
}

const char *bootargs(void)
{
	return text;
}
