/* SPDX-License-Identifier: MIT */
/* Reads lines: with editing and history on a terminal, without them elsewhere. */
#pragma once

#include <stdbool.h>

#include "sh/line.h"

enum edit_end { EDIT_LINE, EDIT_TOO_LONG, EDIT_DROPPED, EDIT_END_OF_INPUT };

/*
 * Reads a line with editing from the terminal. EDIT_TOO_LONG: the line was cut off. EDIT_DROPPED:
 * Ctrl-C.
 */
enum edit_end edit_line(struct line *line);

/* Reads a line from a file that is no terminal. Drops control characters; a tab becomes a blank. */
enum edit_end edit_plain(int fd, struct line *line);
