/* SPDX-License-Identifier: MIT */
/* madeup: every byte of its numbers can be checked, by dividing in the simplest way. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

#define LINE  64u
#define LINES (1u << 28)

int madeup_main(int argc, char **argv);

static char *words[] = { "madeup", "--endpoint", "3", NULL };

void test_setup(void)
{
	assert_int_equal(0, madeup_main(3, words));
	assert_string_equal("--endpoint", served.words[0]);
	assert_string_equal("3", served.words[1]);
	client_begin(served.ops, served.tree, FILE_SERVER_MSIZE);
	assert_int_equal(0, client_walk(1, "numbers"));
	assert_int_equal(0, client_open(1, 0));
}

/* Writes what the line of n should be. */
static void expect_line(uint32_t n, char *to)
{
	char text[200];
	uint32_t rest = n;
	bool is_first = true;
	int used = snprintf(text, sizeof(text), "%u", n);

	for (uint32_t p = 2; rest > 1; p++) {
		unsigned power = 0;

		if ((uint64_t)p * p > rest)
			p = rest;
		for (; rest % p == 0; power++)
			rest /= p;
		if (p == n)
			used += sprintf(text + used, " is prime");
		else if (power > 0)
			used += sprintf(text + used, "%s%u", is_first ? " = " : " * ", p);
		if (power > 1)
			used += sprintf(text + used, "^%u", power);
		is_first = is_first && power == 0;
	}
	assert_true(used < (int)LINE);
	memset(to, ' ', LINE);
	memcpy(to, text, (size_t)used);
	to[LINE - 1] = '\n';
}

static void check(uint64_t offset, uint32_t count)
{
	uint64_t size = (uint64_t)LINES * LINE;
	const void *data;
	ssize_t n = client_read(1, offset, count, &data);

	if (count > FILE_SERVER_MSIZE - 11)
		count = FILE_SERVER_MSIZE - 11;
	assert_int_equal(offset >= size ? 0 : size - offset < count ? size - offset : count, n);
	for (ssize_t at = 0; at < n;) {
		char expected[LINE];
		size_t skip = (offset + (uint64_t)at) % LINE;
		size_t piece = LINE - skip < (size_t)(n - at) ? LINE - skip : (size_t)(n - at);

		expect_line((uint32_t)((offset + (uint64_t)at) / LINE), expected);
		assert_memory_equal(expected + skip, (const char *)data + at, piece);
		at += (ssize_t)piece;
	}
}

TEST(first_lines)
{
	static const char *const lines[] = { "0 ",	    "1 ",	  "2 is prime ",
					     "3 is prime ", "4 = 2^2 ",	  "5 is prime ",
					     "6 = 2 * 3 ",  "7 is prime " };
	const void *data;

	assert_int_equal(8 * LINE, client_read(1, 0, 8 * LINE, &data));
	for (unsigned i = 0; i < 8; i++)
		assert_memory_equal(lines[i], (const char *)data + i * LINE, strlen(lines[i]));
	assert_int_equal(21, client_read(1, 360 * LINE, 21, &data));
	assert_memory_equal("360 = 2^3 * 3^2 * 5  ", data, 21);
	/* The longest line; the largest square of a prime; the last line. */
	assert_int_equal(LINE, client_read(1, 223092870ul * LINE, LINE, &data));
	assert_memory_equal("223092870 = 2 * 3 * 5 * 7 * 11 * 13 * 17 * 19 * 23 ", data, 51);
	assert_int_equal(20, client_read(1, 16381ul * 16381 * LINE, 20, &data));
	assert_memory_equal("268337161 = 16381^2 ", data, 20);
	assert_int_equal(LINE, client_read(1, (LINES - 1ul) * LINE, 100, &data));
	assert_memory_equal("268435455 = 3 * 5 * 29 * 43 * 113 * 127 ", data, 40);
}

TEST(any_bytes_are_what_they_should_be)
{
	check(0, 100000);
	for (unsigned i = 0; i < test_steps(60); i++)
		check(test_below((uint64_t)LINES * LINE), (uint32_t)test_below(500));
	check(test_below((uint64_t)LINES * LINE), 8000);
	check(63, FILE_SERVER_MSIZE);
	check(LINE * 1000, 0);
	for (unsigned i = 0; i < 70; i++)
		check((uint64_t)LINES * LINE - i, 65);
	check((uint64_t)LINES * LINE + 1, 100);
	check(UINT64_MAX, UINT32_MAX);
}

TEST(one_line_in_any_pieces)
{
	for (unsigned skip = 0; skip < LINE; skip++)
		for (uint32_t n = 1; n <= 2 * LINE; n += 7)
			check(720720ul * LINE + skip, n);
}

TEST(tree)
{
	struct p9_rgetattr attr;
	char target[100], text[1000];
	ssize_t n = client_read_file("README", text, sizeof(text));

	assert_true(n > 100 && strncmp(text, "These files", 11) == 0);
	assert_int_equal(0, client_walk(2, "more/../more/numbers"));
	assert_int_equal(0, client_readlink(2, target, sizeof(target)));
	assert_string_equal("../numbers", target);
	assert_int_equal(-ENOENT, client_walk(3, "more/README"));
	assert_int_equal(0, client_walk(3, ".."));
	assert_int_equal(0, client_getattr(3, &attr));
	assert_int_equal(0, attr.qid.path);
	assert_int_equal(3, attr.nlink);
	assert_int_equal(0, client_getattr(1, &attr));
	assert_int_equal((uint64_t)LINES * LINE, attr.size);
}

TEST(directories)
{
	static const char *const names[] = { ".", "..", "README", "numbers", "more" };
	struct p9_dirent entry = { .offset = 0 };
	const void *data;
	size_t pos = 0;
	ssize_t bytes;

	assert_int_equal(0, client_walk(2, ""));
	assert_int_equal(0, client_open(2, 0));
	bytes = client_readdir(2, 0, 1000, &data);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(1, p9_next_dirent(data, (size_t)bytes, &pos, &entry));
		assert_true(p9_string_is(entry.name, names[i]));
	}
	assert_int_equal(bytes, pos);
	assert_int_equal(0, client_readdir(2, entry.offset, 1000, &data));
}
