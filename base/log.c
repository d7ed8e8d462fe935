/* SPDX-License-Identifier: MIT */
/* The kernel log: formats records and passes them to the sinks. */
#include "base/log.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log_ring.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "sync/spinlock.h"

/* for "[12345.012345] ", the text, a newline and a NUL */
#define LOG_LINE_MAX (32 + LOG_TEXT_MAX)

static const struct {
	const char *name; /* on the command line */
	const char *word; /* in front of the text */
} levels[] = {
	[LOG_ALWAYS] = { "", "" },
	[LOG_ERROR] = { "error", "error: " },
	[LOG_WARN] = { "warn", "warning: " },
	[LOG_NOTICE] = { "notice", "" },
	[LOG_INFO] = { "info", "" },
	[LOG_DEBUG] = { "debug", "" },
};

static struct spinlock log_lock = SPINLOCK_INIT(LOCK_LOG);
/* guarded by log_lock: */
static struct log_ring ring;
static struct log_sink *sinks[LOG_SINKS];

static enum log_level shown = LOG_INFO; /* const after boot */

uint64_t log_restricted[1] = { 1 }; /* atomic */

/* Set in a panic and at power-off. */
static bool ending;		 /* atomic */
static const struct hart *ender; /* the hart that ends the kernel; const once `ending` is set */

/* Does this hart end the kernel? Who holds the lock or writes may never go on, so it does not wait for them. */
static bool is_ender(void)
{
	return unlikely(atomic_load(&ending)) && ender == hart_this();
}

static unsigned long log_take(void)
{
	unsigned long flags;

	if (is_ender())
		return 0;
	flags = spin_lock_irqsave(&log_lock);
	/* Another hart does not wait for us, and is in the midst of its last words. */
	if (unlikely(atomic_load(&ending))) {
		spin_unlock_irqoff(&log_lock);
		hart_stop_here();
	}
	return flags;
}

static void log_drop(unsigned long flags)
{
	if (!is_ender())
		spin_unlock_irqrestore(&log_lock, flags);
}

/* Much longer than any holder keeps the lock. */
#define HOLD_NS (NSEC_PER_SEC / 100)

void log_panic_mode(void)
{
	uint64_t begin = arch_time();

	ender = hart_this();
	atomic_store(&ending, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* If another hart has the lock, the ring is about to be whole again. But this one may have it itself. */
	while (hart_are_several() && spin_is_taken(&log_lock) &&
	       arch_time() - begin < clock_ns_to_ticks(HOLD_NS))
		spin_pause();
}

void log_show_level(enum log_level level)
{
	shown = level;
}

enum log_level log_shown_level(void)
{
	return shown;
}

int log_level_parse(const char *name, size_t len, enum log_level *ret)
{
	for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		if (strlen(levels[level].name) == len &&
		    memcmp(levels[level].name, name, len) == 0) {
			*ret = level;
			return 0;
		}
	}
	return -EINVAL;
}

/* Formats a record as a line. Returns the line's length. */
static size_t log_format_line(const struct log_record *record, const char *text, char *buf,
			      size_t size)
{
	uint64_t us = record->time_ns / 1000;
	int n = ksnprintf(buf, size, "[%5lu.%06lu] %.*s\n", us / 1000000, us % 1000000,
			  (int)record->text_len, text);

	return MIN((size_t)n, size - 1);
}

/*
 * Reads the next record at or after *cursor whose level is at most max. text has room for
 * LOG_TEXT_MAX bytes. Returns false if there is none. Call with log_lock held.
 */
static bool log_next_record(uint64_t *cursor, enum log_level max, struct log_record *ret,
			    char *text)
{
	if (*cursor < ring.oldest)
		*cursor = ring.oldest;
	while (log_ring_read(&ring, cursor, ret, text))
		if (ret->level <= max)
			return true;
	return false;
}

/*
 * Formats the sink's next line and marks the sink busy. Returns the length, or 0 if there is no
 * line or another context is writing to the sink. That context will also write the records that we
 * have added.
 */
static size_t log_claim_line(struct log_sink *sink, char *buf, size_t size)
{
	unsigned long flags = log_take();
	struct log_record record;
	char text[LOG_TEXT_MAX];
	bool any = false;

	if ((!sink->busy || is_ender()) && sink->cursor < sink->end) {
		if (sink->cursor < ring.oldest)
			sink->lost++;
		any = log_next_record(&sink->cursor, shown, &record, text);
		sink->busy = any;
	}
	log_drop(flags);
	return any ? log_format_line(&record, text, buf, size) : 0;
}

static void log_release_sink(struct log_sink *sink)
{
	unsigned long flags = log_take();

	sink->busy = false;
	log_drop(flags);
}

static void log_drain_sink(struct log_sink *sink)
{
	char line[LOG_LINE_MAX];
	size_t n;

	while ((n = log_claim_line(sink, line, sizeof(line))) > 0) {
		if (is_ender() && sink->panic_write != NULL)
			sink->panic_write(sink, line, n);
		else
			sink->write(sink, line, n);
		log_release_sink(sink);
	}
}

static void log_drain(void)
{
	for (unsigned i = 0; i < LOG_SINKS; i++) {
		struct log_sink *sink = atomic_load(&sinks[i]);

		if (sink != NULL)
			log_drain_sink(sink);
	}
}

/* Names chosen by programs must neither start new lines nor control a terminal. */
static void log_hide_controls(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)text[i], next = i + 1 < len ? (uint8_t)text[i + 1] : 0;

		if (byte < ' ' || byte == 0x7f) {
			text[i] = '?';
		} else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) { /* U+0080 to U+009F */
			text[i] = '?';
			text[i + 1] = '?';
		}
	}
}

void log_vwrite(enum log_level level, const char *tag, const char *fmt, va_list args)
{
	char text[LOG_TEXT_MAX + 1];
	size_t len = (size_t)ksnprintf(text, sizeof(text), "%s: %s", tag, levels[level].word);
	unsigned long flags;

	len = MIN(len, sizeof(text) - 1);
	len += (size_t)kvsnprintf(text + len, sizeof(text) - len, fmt, args);
	if (len > LOG_TEXT_MAX) {
		len = LOG_TEXT_MAX;
		memcpy(text + len - 3, "...", 3);
	}
	log_hide_controls(text, len);
	flags = log_take();
	log_ring_append(&ring, level, clock_ns(), text, len);
	log_drop(flags);
	log_drain();
}

void log_write(enum log_level level, const char *tag, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vwrite(level, tag, fmt, args);
	va_end(args);
}

/* Call with log_lock held. */
static void log_add_sink(struct log_sink *sink, uint64_t cursor)
{
	unsigned i = 0;

	while (i < LOG_SINKS && sinks[i] != NULL)
		i++;
	assert(i < LOG_SINKS);
	sink->cursor = cursor;
	sink->end = UINT64_MAX;
	sink->lost = 0;
	sink->busy = false;
	atomic_store(&sinks[i], sink);
}

void log_sink_add(struct log_sink *sink, uint64_t cursor)
{
	unsigned long flags = log_take();

	log_add_sink(sink, cursor);
	log_drop(flags);
	log_drain();
}

void log_sink_replace(struct log_sink *old, struct log_sink *new, const char *last)
{
	char text[LOG_TEXT_MAX + 1];
	int len = ksnprintf(text, sizeof(text), "console: %s", last);
	unsigned long flags = log_take();

	log_ring_append(&ring, LOG_ALWAYS, clock_ns(), text, MIN((size_t)len, LOG_TEXT_MAX));
	old->end = ring.newest;
	log_add_sink(new, ring.newest);
	log_drop(flags);
	log_drain();
	log_sink_remove(old);
}

void log_sink_remove(struct log_sink *sink)
{
	bool busy = true;

	while (busy) {
		unsigned long flags = log_take();

		busy = sink->busy && !is_ender();
		for (unsigned i = 0; i < LOG_SINKS && !busy; i++) {
			if (sinks[i] == sink)
				atomic_store(&sinks[i], NULL);
		}
		log_drop(flags);
	}
}

uint64_t log_oldest(void)
{
	return atomic_load(&ring.oldest);
}

uint64_t log_newest(void)
{
	return atomic_load(&ring.newest);
}

size_t log_read(uint64_t *cursor, char *buf, size_t size, enum log_level *level_ret)
{
	unsigned long flags = log_take();
	struct log_record record;
	char text[LOG_TEXT_MAX];
	bool any = log_next_record(cursor, LOG_DEBUG, &record, text);

	log_drop(flags);
	if (!any)
		return 0;
	if (level_ret != NULL)
		*level_ret = record.level;
	return log_format_line(&record, text, buf, size);
}
