/* SPDX-License-Identifier: MIT */
/* Reads the options of mount(2). */
#include "linux/fs/vfs/mount_options.h"

#include "abi/errno.h"
#include "lib/string.h"

/* What is left of the text of an option. */
struct option_text {
	const char *at;
	size_t len;
};

static void skip(struct option_text *text, size_t n)
{
	text->at += n;
	text->len -= n;
}

/* Finds out the base by the first characters, and goes past "0x". */
static unsigned take_base(struct option_text *text)
{
	if (text->len == 0 || text->at[0] != '0')
		return 10;
	if (text->len < 3 || (text->at[1] | ('a' ^ 'A')) != 'x' || str_digit(text->at[2]) >= 16)
		return 8;
	skip(text, 2);
	return 16;
}

/* Multiplies *number. Returns false if it would be above `most`. */
static bool scale(uint64_t *number, uint64_t factor, uint64_t most)
{
	if (*number > most / factor)
		return false;
	*number *= factor;
	return true;
}

/* Reads as many digits as there are. Returns false if the number is above `most`. */
static bool take_digits(struct option_text *text, unsigned base, uint64_t most, uint64_t *number)
{
	*number = 0;
	while (text->len > 0 && str_digit(*text->at) < base) {
		unsigned digit = str_digit(*text->at);

		if (!scale(number, base, most) || digit > most - *number)
			return false;
		*number += digit;
		skip(text, 1);
	}
	return true;
}

/* Reads one of k, m and so on, if there is one. */
static bool take_unit(struct option_text *text, uint64_t most, uint64_t *number)
{
	static const char units[] = "kmgtpe";

	for (unsigned i = 0; text->len > 0 && units[i] != '\0'; i++) {
		if ((*text->at | ('a' ^ 'A')) == units[i]) {
			skip(text, 1);
			return scale(number, 1ul << (10 * (i + 1)), most);
		}
	}
	return true;
}

static bool take_percent(struct option_text *text, const struct mount_option *option,
			 uint64_t *number)
{
	if (option->percent_of == 0 || text->len == 0 || *text->at != '%')
		return true;
	skip(text, 1);
	if (!scale(number, option->percent_of, option->most))
		return false;
	*number /= 100;
	return true;
}

/* Reads a number of `len` characters. Returns 0 or -EINVAL. */
static int mount_option_read_number(const char *at, size_t len, const struct mount_option *option)
{
	struct option_text text = { at, len };
	uint64_t per = option->per ?: 1, number;
	unsigned base = option->base;

	if (len == 0 || (!option->units && str_digit(*at) >= (base ?: 10)))
		return -EINVAL;
	if (base == 0)
		base = take_base(&text);
	if (!take_digits(&text, base, option->most, &number))
		return -EINVAL;
	if (option->units && !take_unit(&text, option->most, &number))
		return -EINVAL;
	if (!take_percent(&text, option, &number) || text.len != 0)
		return -EINVAL;
	*option->value = number / per + (number % per != 0);
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
