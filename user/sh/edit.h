/* SPDX-License-Identifier: MIT */
/* Reads lines: with editing and history on a terminal, as they come elsewhere. */
#pragma once

#include <stdbool.h>

#include "sh/line.h"

enum edit_end { EDIT_LINE, EDIT_TOO_LONG, EDIT_DROPPED, EDIT_END_OF_INPUT };

/* A line typed behind a prompt; EDIT_TOO_LONG: not all of it; EDIT_DROPPED: ^C. */
enum edit_end edit_line(struct line *line);

/* A line of what is no terminal. Control characters go. */
enum edit_end edit_plain(struct line *line);
