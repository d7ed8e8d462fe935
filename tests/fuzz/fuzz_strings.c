/* SPDX-License-Identifier: MIT */
/* What the runner hands to init: user/lib/strings against a walk from NUL to NUL. */

/* An input: a byte, how many strings there is room for (modulo 64); then the file. */
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "fuzz.h"
#include "lib/strings.h"

bool fuzz_one(const uint8_t *data, size_t size)
{
	long room = size > 0 ? data[0] % 64 : 0, count = 0, got;
	size_t n = size > 1 ? size - 1 : 0, at = 0;
	char *bytes = malloc(n + 1);
	char **strings = malloc(sizeof(*strings) * (size_t)(room + 1));

	memcpy(bytes, data + (size > 0), n);
	got = strings_split(bytes, (long)n, strings, room);
	while (at < n) {
		size_t len = strnlen((const char *)data + 1 + at, n - at);

		if (count < room && got >= 0) {
			fuzz_check(strings[count] == bytes + at);
			fuzz_equal(strlen(strings[count]), len);
			fuzz_check(memcmp(strings[count], data + 1 + at, len) == 0);
		}
		count++;
		at += len + 1;
	}
	fuzz_equal(got, count <= room ? count : -E2BIG);
	fuzz_check(got < 0 || !strings[got]);
	free(strings);
	free(bytes);
	return got > 0;
}
