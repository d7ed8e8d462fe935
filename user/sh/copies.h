/* SPDX-License-Identifier: MIT */
/* The prompt's own commands run in forked copies of it. This table of them is for ps. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

void copies_begin(void);

/* Records the command of a copy. The copy and the prompt both call this: either may run first. */
void copies_note(pid_t pid, const char *name);

/* Returns the command that the process runs, or NULL if it is not a copy of this prompt. */
const char *copies_find(pid_t pid, pid_t parent);
