/* SPDX-License-Identifier: MIT */
/* Formats text into a buffer. */
#pragma once

#include <stdarg.h>

#include "lib/types.h"

/*
 * As the C library's snprintf: %d %i %u %x %X %o %c %s %p %%, with h, hh, l, ll, z, j, t, the flags
 * - 0 + space #, width and precision, both also *. A NULL for %s prints (null). Allocates nothing,
 * and writes at most `size` bytes, the last of them a NUL. Returns the length of the whole text,
 * whether it fits or not.
 */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Builds a line in pieces: appends text at *pos, which never passes `size`. Returns true
 * if all of it fits.
 */
bool kappendf(char *buf, size_t size, size_t *pos, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
