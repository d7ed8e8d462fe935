/* SPDX-License-Identifier: MIT */
/* A panic that a test may expect; one that it does not ends it. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/assert.h"
#include "test.h"

bool test_panic_expected;
char test_panic_text[256];

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(test_panic_text, sizeof(test_panic_text), fmt, args);
	va_end(args);
	if (test_panic_expected) {
		test_panic_expected = false;
		longjmp(test_panic_jump, 1);
	}
	fprintf(stderr, "panic: %s\n", test_panic_text);
	abort();
}
