/* SPDX-License-Identifier: MIT */
/* Names of tests by pattern. */
#pragma once

#include "lib/types.h"

/* Does name match one of the comma-separated patterns? '*' stands for any run of characters, '?' for one. */
bool glob_list_matches(const char *patterns, const char *name);
