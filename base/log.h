/* SPDX-License-Identifier: MIT */
/* The kernel log: a ring that keeps everything, and sinks that show it. */
#pragma once

#include <stdarg.h>

#include "lib/types.h"

enum log_level {
	LOG_ALWAYS, /* shown whatever the level, without a word for it */
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

/* Bytes kept; the oldest records are overwritten. */
#define LOG_RING_BYTES (64ul << 10)
/* Longest text of a record; more is cut and marked "...". */
#define LOG_TEXT_MAX   400ul

/*
 * Writes "[    0.012345] mm: warning: text". No newline in fmt. From anywhere, interrupt handlers
 * and holders of any lock included (but LOCK_CONSOLE).
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

/* Sinks show records up to this level; LOG_INFO at first. */
void log_show_level(enum log_level level);

/* Reads "error", "warn", "info" or "debug". => 0; -EINVAL */
int log_level_parse(const char *name, size_t len, enum log_level *ret);

/*
 * Somewhere the log goes. write() gets whole lines with their newline, one call at a time, in any
 * context; it transmits them before it returns (polled) and takes no lock outside LOCK_CONSOLE.
 * panic_write, where not NULL, is used instead during a panic and takes no lock at all.
 */
struct log_sink {
	void (*write)(struct log_sink *sink, const char *s, size_t n);
	void (*panic_write)(struct log_sink *sink, const char *s, size_t n);
	/* under the log's lock */
	uint64_t cursor; /* the next record to show */
	uint64_t end;	 /* it shows none from here on */
	uint64_t lost;	 /* times that records were overwritten before this sink had them */
	bool busy;	 /* a write() is under way */
};

/* Most sinks at a time. */
#define LOG_SINKS 4

/* Adds a sink that shows the log from a position on: log_oldest() for all that the ring has. */
void log_sink_add(struct log_sink *sink, uint64_t cursor);

/*
 * `new` takes over from `old`: "console: LAST" is logged, always shown, as the last record that
 * `old` shows; what comes later goes to `new`. old may be written to until this returns.
 */
void log_sink_replace(struct log_sink *old, struct log_sink *new, const char *last);

/* => write() is not called any more when it returns */
void log_sink_remove(struct log_sink *sink);

/* Positions in the ring: of its oldest record, and just behind its newest. */
uint64_t log_oldest(void);
uint64_t log_newest(void);

/*
 * Reads the record at *cursor as a line with newline and moves on; a position that has been
 * overwritten becomes the oldest one. level_ret may be NULL.
 * => its length; 0: there is none yet
 */
size_t log_read(uint64_t *cursor, char *buf, size_t size, enum log_level *level_ret);

/* From now on no lock and nobody who writes is waited for: for panic and power-off. => interrupts off */
void log_panic_mode(void);
