/* SPDX-License-Identifier: MIT */
/* The prompt's own commands run in copies of it: which of them runs what, for ps. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

void copies_begin(void);

/* What that copy runs. Both it and the prompt say so, whichever is first. */
void copies_note(pid_t pid, const char *name);

/* What that process runs; NULL: it is no copy of this prompt. */
const char *copies_find(pid_t pid, pid_t parent);
