/* SPDX-License-Identifier: MIT */
/* How a fuzzer's process ends when it has found something. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "lib/assert.h"

static void say(const char *fmt, va_list args)
{
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

_Noreturn void fuzz_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "fuzz: %s:%d: ", file, line);
	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	abort();
}

/* No input may make the kernel panic. */
void panic(const char *fmt, ...)
{
	va_list args;

	fputs("panic: ", stderr);
	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	abort();
}
