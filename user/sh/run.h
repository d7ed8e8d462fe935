/* SPDX-License-Identifier: MIT */
/* Runs what a line asks for. */
#pragma once

/*
 * Runs the pipelines of a line, one after the other: those in the foreground until all programs of
 * them have ended, or have stopped. Where SIGINT ends one, the rest is not run. The status of the
 * last: that of its last program, 128 + signal if one killed or stopped it; 0 in the background. A
 * line with a mistake is not run at all: that is told, and the status is 2.
 */
int run_line(const char *line);
