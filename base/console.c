/* SPDX-License-Identifier: MIT */
/* Remembers what writes to the console, and what shows the log. */
#include "base/console.h"

static struct log_sink *console, *shows_log; /* const after boot */

void console_set(struct log_sink *sink)
{
	uint64_t cursor = console ? log_newest() : log_oldest();

	if (console)
		log_sink_remove(console);
	log_sink_add(sink, cursor);
	console = shows_log = sink;
}

void console_write(const char *s, size_t n)
{
	console->write(console, s, n);
}

void console_move_log(struct log_sink *to, const char *last)
{
	log_sink_replace(shows_log, to, last);
	shows_log = to;
}
