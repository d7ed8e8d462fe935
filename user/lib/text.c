/* SPDX-License-Identifier: MIT */
/* Puts strings together, for process 1, which has no C library. */
#include "lib/text.h"

const char *decimal(unsigned n, char text[DECIMAL_SIZE])
{
	char *at = text + DECIMAL_SIZE - 1;

	*at = '\0';
	do
		*--at = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	return at;
}

char *text_append(char *to, const char *s)
{
	while (*s)
		*to++ = *s++;
	*to = '\0';
	return to;
}

bool text_is_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}
