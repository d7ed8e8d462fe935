/* SPDX-License-Identifier: MIT */
/* Like the C library's locale: the first of three variables that is set and not empty decides. */
#include "lib/locale.h"

#include <stdlib.h>
#include <string.h>

bool locale_is_chinese(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strncmp(value, "zh", 2) == 0;
	}
	return false;
}
