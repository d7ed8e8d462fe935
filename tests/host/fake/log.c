/* SPDX-License-Identifier: MIT */
/* The host's kernel log: counted, and shown only to who asks. */
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake.h"

unsigned fake_log_errors;
char fake_log_last_error[256];

void log_vwrite(enum log_level level, const char *tag, const char *fmt, va_list args)
{
	if (level == LOG_ERROR || level == LOG_WARN) {
		va_list again;

		fake_log_errors++;
		va_copy(again, args);
		vsnprintf(fake_log_last_error, sizeof(fake_log_last_error), fmt, again);
		va_end(again);
	}
	if (!getenv("FAKE_LOG"))
		return;
	fprintf(stderr, "%s: ", tag);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void log_write(enum log_level level, const char *tag, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vwrite(level, tag, fmt, args);
	va_end(args);
}
