/* SPDX-License-Identifier: MIT */
/* The machine's console, the firmware's at first and then a UART's, and where the log is shown. */
#pragma once

#include "base/log.h"

/* For boot: the log is shown by `sink` from now on, which writes to the console. */
void console_set(struct log_sink *sink);

/* Writes to the console whatever the log does; a whole line at a time. Call after console_set(). */
void console_write(const char *s, size_t n);

/* Moves the log elsewhere, as log_sink_replace() does. */
void console_move_log(struct log_sink *to, const char *last);
