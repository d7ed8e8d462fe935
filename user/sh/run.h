/* SPDX-License-Identifier: MIT */
/* Runs the pipelines of a line. */
#pragma once

/*
 * Runs the pipelines of a line in order. Waits for each foreground pipeline until its programs have
 * ended or stopped. If SIGINT kills one, the rest is not run. Returns the status of the last
 * pipeline: that of its last program, 128 + N if signal N killed or stopped it, or 0 in the
 * background. If the line has a syntax error, prints a message, runs nothing and returns 2.
 */
int run_line(const char *line);
