/* SPDX-License-Identifier: MIT */
/* The command line's words: blanks, values, quotes; tests/fuzz tries any bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmdline.h"
#include "test.h"

/* The n-th word of a line must be this; value NULL: it has none; name NULL: there are only n. */
static void check_word(const char *line, unsigned n, const char *name, const char *value)
{
	struct cmdline_word word;
	const char *cursor = line;

	while (cmdline_next(&cursor, &word)) {
		if (n-- > 0)
			continue;
		assert_non_null(name);
		assert_int_equal(strlen(name), word.name_len);
		assert_memory_equal(name, word.name, strlen(name));
		assert_true((word.value == NULL) == (value == NULL));
		if (value != NULL) {
			assert_int_equal(strlen(value), word.value_len);
			assert_memory_equal(value, word.value, word.value_len);
		}
		return;
	}
	assert_null(name);
	assert_int_equal(0, n);
}

TEST(words)
{
	const char *line = "  quiet init=/bin/x \t loglevel=debug\na= =b a=b=c ";

	check_word(line, 0, "quiet", NULL);
	check_word(line, 1, "init", "/bin/x");
	check_word(line, 2, "loglevel", "debug");
	check_word(line, 3, "a", "");
	check_word(line, 4, "", "b");
	check_word(line, 5, "a", "b=c");
	check_word(line, 6, NULL, NULL);
	check_word("", 0, NULL, NULL);
	check_word("   ", 0, NULL, NULL);
}

TEST(quotes)
{
	const char *line = "a=\"x y\" \"b=1 2\" \"c d\" e=\"\" f=\"open to the end";

	check_word(line, 0, "a", "x y");
	check_word(line, 1, "b", "1 2");
	check_word(line, 2, "c d", NULL);
	check_word(line, 3, "e", "");
	check_word(line, 4, "f", "open to the end");
	check_word(line, 5, NULL, NULL);
	check_word("a=\"", 0, "a", "");
	check_word("\"", 0, "", NULL);
}

TEST(get)
{
	const char *line = "seed=1 seed=0x10 init=/init flag big=99999999999999999999";
	struct cmdline_word word;
	char buf[5];
	uint64_t n = 7;

	assert_true(cmdline_get(line, "init", buf, sizeof(buf)));
	assert_string_equal("/ini", buf);
	assert_true(cmdline_get(line, "flag", buf, sizeof(buf)));
	assert_string_equal("", buf);
	assert_true(cmdline_get("a=x b=", "a", buf, sizeof(buf)));
	assert_string_equal("x", buf);
	assert_true(cmdline_get("a=x b=", "b", buf, sizeof(buf)));
	assert_string_equal("", buf);
	assert_true(cmdline_get("a=x", "a", buf, 1));
	assert_string_equal("", buf);
	assert_false(cmdline_get(line, "fla", buf, sizeof(buf)));
	assert_false(cmdline_find(line, "flags", &word));
	assert_int_equal(0, cmdline_get_u64(line, "seed", &n));
	assert_int_equal(16, n);
	assert_int_equal(-ENOENT, cmdline_get_u64(line, "none", &n));
	assert_int_equal(-EINVAL, cmdline_get_u64(line, "init", &n));
	assert_int_equal(-EINVAL, cmdline_get_u64(line, "flag", &n));
	assert_int_equal(-ERANGE, cmdline_get_u64(line, "big", &n));
	assert_int_equal(16, n);
}
