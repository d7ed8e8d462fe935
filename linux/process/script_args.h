/* SPDX-License-Identifier: MIT */
/* The strings of a script: its interpreter comes before what the program was called with. */
#pragma once

#include "proc/exec_args.h"

/* Removes the first string of argv, which has one. */
void exec_args_drop_first(struct exec_args *args);

/*
 * Adds a kernel string in front of argv. The caller checks the limit when all strings are there.
 * Returns 0 or -ENOMEM.
 */
int exec_args_push(struct exec_args *args, const char *string);

/*
 * Returns 0, or -E2BIG if strings and pointers exceed the limit. As on Linux, no pointers count but
 * those that were copied.
 */
int exec_args_check(const struct exec_args *args);
