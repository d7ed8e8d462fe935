/* SPDX-License-Identifier: MIT */
/* Between the commands that look at the kernel. */
#pragma once

#include <stdbool.h>

#include "abi/faultline.h"

/* The one call of abi/faultline.h: its answer, or -1 with errno (ENOSYS: another kernel). */
long watch_ask(unsigned what, unsigned long which, void *buf, unsigned long size,
	       unsigned long from);

/* Says why there is no answer; `what` is what was asked for. The status to exit with. */
int watch_refused(const char *what);

/* The process that an argument names, by pid or as %N; the prompt itself where there is none. 0: no pid. */
int watch_pid(int argc, char **argv);

/* Copies a file of /proc to standard output; false: it can't be read. */
bool watch_show_file(const char *path);
