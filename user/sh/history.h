/* SPDX-License-Identifier: MIT */
/* The history: the lines typed before, for the editor. */
#pragma once

/* Adds a line, unless it is empty or the same as the last one. */
void history_add(const char *text);

/* Returns the line that many back (1: the last one), or NULL if there is none. */
const char *history_at(unsigned back);

/* Finds the text in the line `back` lines back or an older one. Returns how far back; 0: none. */
unsigned history_find(const char *text, unsigned back);
