/* SPDX-License-Identifier: MIT */
/* Splits the kernel command line into words. */
#include "lib/cmdline.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"

static bool cmdline_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Returns the first blank outside quotes from s on, or the end. */
static const char *word_end(const char *s)
{
	bool quoted = false;

	for (; *s != '\0' && (quoted || !cmdline_is_blank(*s)); s++) {
		if (*s == '"')
			quoted = !quoted;
	}
	return s;
}

/* Removes a pair of quotes, or an unclosed one, from a part. */
static void unquote(const char **s, size_t *len)
{
	if (*len == 0 || **s != '"')
		return;
	(*s)++;
	(*len)--;
	if (*len > 0 && (*s)[*len - 1] == '"')
		(*len)--;
}

bool cmdline_next(const char **cursor, struct cmdline_word *ret)
{
	const char *s = *cursor;
	const char *equals;
	size_t len;

	while (cmdline_is_blank(*s))
		s++;
	if (*s == '\0') {
		*cursor = s;
		return false;
	}
	*cursor = word_end(s);
	len = (size_t)(*cursor - s);
	unquote(&s, &len);
	*ret = (struct cmdline_word){ .name = s, .name_len = len };
	equals = memchr(s, '=', len);
	if (equals != NULL) {
		ret->name_len = (size_t)(equals - s);
		ret->value = equals + 1;
		ret->value_len = len - ret->name_len - 1;
		unquote(&ret->value, &ret->value_len);
	}
	return true;
}

bool cmdline_is(const struct cmdline_word *word, const char *name)
{
	return word->name_len == strlen(name) && memcmp(word->name, name, word->name_len) == 0;
}

bool cmdline_find(const char *line, const char *name, struct cmdline_word *ret)
{
	struct cmdline_word word;
	bool found = false;

	while (cmdline_next(&line, &word)) {
		if (cmdline_is(&word, name)) {
			*ret = word;
			found = true;
		}
	}
	return found;
}

bool cmdline_get(const char *line, const char *name, char *buf, size_t size)
{
	struct cmdline_word word;
	size_t n;

	if (!cmdline_find(line, name, &word))
		return false;
	if (size > 0) {
		n = MIN(word.value_len, size - 1);
		if (n > 0)
			memcpy(buf, word.value, n);
		buf[n] = '\0';
	}
	return true;
}

int cmdline_get_u64(const char *line, const char *name, uint64_t *ret)
{
	struct cmdline_word word;

	if (!cmdline_find(line, name, &word))
		return -ENOENT;
	return str_to_u64(word.value, word.value_len, ret);
}
