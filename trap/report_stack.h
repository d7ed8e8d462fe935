/* SPDX-License-Identifier: MIT */
/* The end of a report (R121): what its reader needs to tell who called whom. */
#pragma once

struct trap_frame;

/*
 * Writes the words above the stack pointer that point to code or into the stack, and where the code is: in eleven lines
 * at most. tools/runner/callers.py makes a backtrace of them. Then comes the report's last line. Call in trap_user_return().
 */
void report_end(const struct trap_frame *frame);
