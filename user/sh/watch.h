/* SPDX-License-Identifier: MIT */
/* Functions that the commands showing the kernel's state share. */
#pragma once

#include <stdbool.h>

#include "abi/faultline.h"

/* The system call of abi/faultline.h. Returns its result, or -1 with errno (ENOSYS on Linux). */
long watch_command_ask(unsigned what, unsigned long which, void *buf, unsigned long size,
		       unsigned long from);

/* Prints why watch_command_ask() failed, after the command's name. Returns the exit status. */
int watch_refused(const char *what);

/*
 * Returns the process that argv[1] names, by its pid or as %N; the prompt if there is no argument.
 * Returns 0 after a message if it is not valid.
 */
int watch_pid(int argc, char **argv);

/* Copies a file of /proc to standard output. Returns false if it cannot be opened. */
bool watch_show_file(const char *path);
