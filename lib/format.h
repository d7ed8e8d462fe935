/* SPDX-License-Identifier: MIT */
/* Formatted text into a buffer. */
#pragma once

#include <stdarg.h>

#include "lib/types.h"

/*
 * As the C library's snprintf: %d %i %u %x %X %o %c %s %p %%, with h, hh, l, ll, z, j, t, flags - 0
 * + space #, width and precision, both also *. A NULL for %s prints (null). Nothing is allocated;
 * at most size bytes are written, the last of them a NUL.
 * => the length that the text has whether it fitted or not
 */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The same, for building a line in pieces: appends at *pos (which never passes size).
 * => true: all fitted
 */
bool kappendf(char *buf, size_t size, size_t *pos, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
