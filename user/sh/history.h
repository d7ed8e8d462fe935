/* SPDX-License-Identifier: MIT */
/* The lines typed before. */
#pragma once

/* Keeps a line, unless it is empty or the same as the one before. */
void history_add(const char *text);

/* The line that many back (1: the last one); NULL: there are not so many. */
const char *history_at(unsigned back);

/* The first line from `back` on, and farther back, that has that text in it: how far back; 0: none. */
unsigned history_find(const char *text, unsigned back);
