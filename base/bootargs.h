/* SPDX-License-Identifier: MIT */
/* The kernel's command line, as the firmware gave it. */
#pragma once

/* Boot: sets it. The text stays where it is, unchanged. */
void bootargs_set(const char *line);
const char *bootargs(void);
