/* SPDX-License-Identifier: MIT */
/* Reads the options of mount(2). */
#include "fs/mount_options.h"

#include "abi/errno.h"
#include "lib/string.h"

/* Reads a number of `len` characters. Returns 0 or -EINVAL. */
static int mount_option_read_number(const char *text, size_t len, const struct mount_option *option)
{
	uint64_t number = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (digit >= option->base)
			return -EINVAL;
		number = number * option->base + digit;
		if (number > option->most)
			return -EINVAL;
	}
	*option->value = number;
	return 0;
}

static int read_option(const char *text, size_t len, const struct mount_option *known)
{
	for (; known->name; known++) {
		size_t name_len = strlen(known->name);

		if (len > name_len && text[name_len] == '=' &&
		    memcmp(text, known->name, name_len) == 0)
			return mount_option_read_number(text + name_len + 1, len - name_len - 1,
							known);
	}
	return -EINVAL;
}

static size_t option_length(const char *options)
{
	size_t len = 0;

	while (options[len] != '\0' && options[len] != ',')
		len++;
	return len;
}

int mount_options(const char *options, const struct mount_option *known)
{
	int err = 0;

	while (*options != '\0' && err == 0) {
		size_t len = option_length(options);

		if (len > 0)
			err = read_option(options, len, known);
		options += len;
		if (*options == ',')
			options++;
	}
	return err;
}
