/* SPDX-License-Identifier: MIT */
/* How core files are called: /proc/sys/kernel/core_pattern and core_uses_pid. */
#pragma once

#include "lib/types.h"

#define CORE_PATTERN_MAX 128 /* with its NUL */

extern uint64_t core_uses_pid[1]; /* atomic; not 0: a name without %p gets the process's number */

/* Copies the pattern, terminated, into CORE_PATTERN_MAX bytes. */
void core_pattern_read(char *pattern);
/* Sets it. Returns 0; -EINVAL if it begins with a '|': the kernel runs no program for a core file. */
int core_pattern_set(const char *pattern);

/*
 * Writes the name for a core file of the running thread, which the signal ends; terminated. Returns 0, or -ENAMETOOLONG.
 */
int core_name_make(char *name, size_t size, int sig);
