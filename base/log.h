/* SPDX-License-Identifier: MIT */
/* The kernel log: a ring that keeps all records, and sinks that show them. */
#pragma once

#include <stdarg.h>

#include "lib/types.h"

enum log_level {
	LOG_ALWAYS, /* shown at every level, without a word in front */
	LOG_ERROR,
	LOG_WARN,
	LOG_NOTICE, /* worth a line in a file, but not in the midst of a program's output */
	LOG_INFO,
	LOG_DEBUG,
};

/* The ring's size in bytes; the oldest records are overwritten. */
#define LOG_RING_BYTES (64ul << 10)
/* The longest text of a record. A longer one is cut and ends in "...". */
#define LOG_TEXT_MAX   400ul

/*
 * Logs "[    0.012345] mm: warning: text". fmt contains no newline. May be called in any context,
 * in interrupt handlers and with any lock held except LOCK_CONSOLE.
 */
void log_write(enum log_level level, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_vwrite(enum log_level level, const char *tag, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

#define log_always(tag, ...) log_write(LOG_ALWAYS, tag, __VA_ARGS__)
#define log_error(tag, ...)  log_write(LOG_ERROR, tag, __VA_ARGS__)
#define log_warn(tag, ...)   log_write(LOG_WARN, tag, __VA_ARGS__)
#define log_info(tag, ...)   log_write(LOG_INFO, tag, __VA_ARGS__)
#define log_debug(tag, ...)  log_write(LOG_DEBUG, tag, __VA_ARGS__)

/* Sinks show records up to this level. The default is LOG_INFO. */
void log_show_level(enum log_level level);
enum log_level log_shown_level(void);

/* Is the log for CAP_SYSLOG alone? Atomic; 1 at first, because the log has addresses of all processes. */
extern uint64_t log_restricted[1];

/* Parses "error", "warn", "notice", "info" or "debug". Returns 0 or -EINVAL. */
int log_level_parse(const char *name, size_t len, enum log_level *ret);

/*
 * A destination of the log. write() is called in any context, with whole lines that end in a
 * newline, and never twice at a time. It transmits the line by polling before it returns, and takes
 * no lock that precedes LOCK_CONSOLE. If panic_write is not NULL, it is called instead during a
 * panic, and takes no lock at all.
 */
struct log_sink {
	/* const: */
	void (*write)(struct log_sink *sink, const char *s, size_t n);
	void (*panic_write)(struct log_sink *sink, const char *s, size_t n);
	/* guarded by log_lock: */
	uint64_t cursor; /* the next record to show */
	uint64_t end;	 /* it shows no record from this position on */
	uint64_t lost;	 /* how often records were overwritten before this sink had shown them */
	bool busy;	 /* a write() is under way */
};

/* The most sinks at a time. */
#define LOG_SINKS 4

/* Adds a sink that shows the log from a position on; from log_oldest() it shows all there is. */
void log_sink_add(struct log_sink *sink, uint64_t cursor);

/*
 * Makes `new` take over from `old`. Logs "console: LAST" at LOG_ALWAYS as the last record that
 * `old` shows; later records go to `new`. `old` may be written to until this returns.
 */
void log_sink_replace(struct log_sink *old, struct log_sink *new, const char *last);

/* When this returns, the sink's write() is not called any more. */
void log_sink_remove(struct log_sink *sink);

/* Positions in the ring: of the oldest record, and just behind the newest. */
uint64_t log_oldest(void);
uint64_t log_newest(void);

/*
 * Reads the record at *cursor as a line with a newline, and advances *cursor. If that record has
 * been overwritten, reads the oldest one. level_ret may be NULL. Returns the line's length, or 0 if
 * there is no record yet.
 */
size_t log_read(uint64_t *cursor, char *buf, size_t size, enum log_level *level_ret);

/*
 * For panic and power-off: from now on this hart waits for no lock of the log and for no write() under
 * way, and another hart that logs stops. Call with interrupts off.
 */
void log_panic_mode(void);
