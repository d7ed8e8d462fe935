/* SPDX-License-Identifier: MIT */
/* Runs what a line asks for. */
#pragma once

#include "sh/parse.h"

/*
 * In the foreground: until all programs of it have ended, or it is stopped. The last one's status,
 * 128 + signal if one killed or stopped it; 0 in the background. line: what was parsed.
 */
int run(struct pipeline *pipeline, const char *line);
