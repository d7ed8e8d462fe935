/* SPDX-License-Identifier: MIT */
/* The kinds of files that the core has without a layer: of the archive, in memory, the console, /dev/null. */
#pragma once

#include "desc/file.h"

/*
 * Opens what the path names: a file of the archive, "/dev/null", or "/dev/console" if there is one. Returns 0; -ENOENT, -EROFS (to
 * write to the archive), -ENOTDIR or -ENOMEM.
 */
int file_open(const char *path, unsigned flags, struct file **file_ret);

/* Creates an empty file in memory, open for reading and writing. NULL: out of memory. */
struct file *memory_file_create(void);

/* Gives the running process, which has no descriptors yet, the console as 0 to 2. Returns 0 or a negative errno. */
int console_give(void);
