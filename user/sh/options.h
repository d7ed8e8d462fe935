/* SPDX-License-Identifier: MIT */
/* Options of the prompt's own commands: letters behind a -. */
#pragma once

#include <stdbool.h>

/*
 * Takes the options in front of the other arguments, up to -- or what is none. seen[i] is set where
 * letters[i] is among them. The index of the first argument behind them; -1: one is unknown, which
 * has been told, with the usage.
 */
int options_take(char **argv, const char *letters, bool *seen, const char *usage);
