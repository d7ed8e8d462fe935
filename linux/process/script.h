/* SPDX-License-Identifier: MIT */
/* Scripts: the line "#!INTERPRETER ARGUMENT" with which a file names the program that runs it. */
#pragma once

#include "lib/types.h"

/* How much of a file counts. */
#define SCRIPT_HEAD_BYTES 256

/*
 * Finds the interpreter's name and its one argument in the start of a file, as Linux does. head has
 * SCRIPT_HEAD_BYTES bytes, those beyond the end of the file 0; it is changed: both strings get a NUL.
 * *name_ret and *arg_ret point into it. The name may be empty, and the argument may be; *arg_ret is
 * NULL if there is none. Returns 0, or -ENOEXEC if the file is no script, or names no interpreter,
 * or has a name that may be cut off.
 */
int script_parse(char *head, const char **name_ret, const char **arg_ret);
