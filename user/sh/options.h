/* SPDX-License-Identifier: MIT */
/* The options of the prompt's own commands: letters after a -. */
#pragma once

#include <stdbool.h>

/*
 * Reads the options before the other arguments, up to -- or the first argument that is no option.
 * Sets seen[i] if letters[i] is among them. Returns the index of the first other argument, or -1
 * after a message with the usage if an option is unknown.
 */
int options_take(char **argv, const char *letters, bool *seen, const char *usage);
