/* SPDX-License-Identifier: MIT */
/* Our string functions, built under other names, against the C library's, at every alignment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* lib/string.c built with LIB_STRING_PREFIX */
void *test_memset(void *to, int byte, size_t n);
void *test_memcpy(void *restrict to, const void *restrict from, size_t n);
void *test_memmove(void *to, const void *from, size_t n);
int test_memcmp(const void *a, const void *b, size_t n);
void *test_memchr(const void *s, int byte, size_t n);
size_t test_strlen(const char *s);
size_t test_strnlen(const char *s, size_t max);
int test_strcmp(const char *a, const char *b);
int test_strncmp(const char *a, const char *b, size_t max);
char *test_strchr(const char *s, int c);
char *test_strrchr(const char *s, int c);
char *test_strstr(const char *s, const char *what);
size_t str_copy(char *to, const char *from, size_t size);
int str_to_u64(const char *s, size_t n, uint64_t *ret);
const char *str_trim(const char *s, size_t *n);
const void *words_differ(const void *p, size_t bytes, uint64_t from);

#define SPAN 256

static unsigned char ours[SPAN], theirs[SPAN];

static void fill(void)
{
	for (unsigned i = 0; i < SPAN; i++)
		ours[i] = theirs[i] = (unsigned char)test_random();
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

TEST(set)
{
	for (size_t at = 0; at < 16; at++) {
		for (size_t n = 0; n <= 160; n++) {
			fill();
			assert_ptr_equal(ours + at, test_memset(ours + at, (int)n + 300, n));
			memset(theirs + at, (int)n + 300, n);
			assert_memory_equal(theirs, ours, SPAN);
		}
	}
}

TEST(copy)
{
	unsigned char from[SPAN];

	for (size_t to = 0; to < 9; to++) {
		for (size_t at = 0; at < 9; at++) {
			for (size_t n = 0; n <= 150; n++) {
				fill();
				for (unsigned i = 0; i < SPAN; i++)
					from[i] = (unsigned char)test_random();
				assert_ptr_equal(ours + to, test_memcpy(ours + to, from + at, n));
				memcpy(theirs + to, from + at, n);
				assert_memory_equal(theirs, ours, SPAN);
			}
		}
	}
}

TEST(move_overlapping)
{
	for (unsigned step = 0; step < test_steps(20000); step++) {
		size_t to = test_below(SPAN), from = test_below(SPAN);
		size_t n = test_below(SPAN - (to > from ? to : from) + 1);

		fill();
		assert_ptr_equal(ours + to, test_memmove(ours + to, ours + from, n));
		memmove(theirs + to, theirs + from, n);
		assert_memory_equal(theirs, ours, SPAN);
	}
}

TEST(compare)
{
	for (unsigned step = 0; step < test_steps(20000); step++) {
		size_t a = test_below(16), b = test_below(16), n = test_below(100);

		fill();
		memcpy(ours + a, theirs + b, n);
		if (n > 0 && test_below(2))
			ours[a + test_below(n)] ^= 0x80;
		assert_int_equal(sign(memcmp(ours + a, theirs + b, n)),
				 sign(test_memcmp(ours + a, theirs + b, n)));
	}
}

/*
 * A short string over a small alphabet, in memory that ends with it, so that ASan sees a byte too
 * far.
 */
static char *random_string(void)
{
	size_t n = test_below(12);
	char *s = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		s[i] = (char)(test_below(3) ? 'a' + test_below(3) : 0xe0 + test_below(3));
	s[n] = '\0';
	return s;
}

TEST(strings)
{
	for (unsigned step = 0; step < test_steps(20000); step++) {
		char *a = random_string(), *b = random_string();
		size_t n = test_below(14);
		int c = test_below(4) ? 'a' + (int)test_below(4) : 0;

		assert_int_equal(strlen(a), test_strlen(a));
		assert_int_equal(strnlen(a, n), test_strnlen(a, n));
		assert_int_equal(sign(strcmp(a, b)), sign(test_strcmp(a, b)));
		assert_int_equal(sign(strncmp(a, b, n)), sign(test_strncmp(a, b, n)));
		assert_ptr_equal(strchr(a, c), test_strchr(a, c));
		assert_ptr_equal(strrchr(a, c), test_strrchr(a, c));
		assert_ptr_equal(strstr(a, b), test_strstr(a, b));
		assert_ptr_equal(memchr(a, c, strlen(a)), test_memchr(a, c, strlen(a)));
		free(a);
		free(b);
	}
}

TEST(str_copy)
{
	char buf[4] = "zzz";

	assert_int_equal(6, str_copy(buf, "abcdef", sizeof(buf)));
	assert_string_equal("abc", buf);
	assert_int_equal(2, str_copy(buf, "ab", sizeof(buf)));
	assert_string_equal("ab", buf);
	assert_int_equal(3, str_copy(buf, "xyz", 0));
	assert_string_equal("ab", buf);
}

TEST(str_trim_removes_blanks_at_both_ends)
{
	static const struct {
		const char *from, *to;
	} texts[] = { { "", "" },	   { " \t\n\v\f\r ", "" },   { "a", "a" },
		      { " a b\n", "a b" }, { "\b \016", "\b \016" }, { "\na", "a" } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t n = strlen(texts[i].from);
		const char *trimmed = str_trim(texts[i].from, &n);

		assert_int_equal(strlen(texts[i].to), n);
		assert_memory_equal(texts[i].to, trimmed, n);
	}
}

static int number(const char *s, uint64_t *ret)
{
	return str_to_u64(s, strlen(s), ret);
}

TEST(numbers)
{
	static const char *const bad[] = { "", "x", "-1", "+1", "0x", "0xg", "08", "12 ", "1.5" };
	uint64_t value = 77;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(-EINVAL, number(bad[i], &value));
	assert_int_equal(-ERANGE, number("18446744073709551616", &value));
	assert_int_equal(-ERANGE, number("0x10000000000000000", &value));
	assert_int_equal(-EINVAL, number("99999999999999999999x", &value));
	assert_int_equal(77, value);
	assert_int_equal(0, number("18446744073709551615", &value));
	assert_true(value == UINT64_MAX);
	assert_int_equal(0, number("0", &value));
	assert_int_equal(0, value);
	assert_int_equal(0, number("0x1F", &value));
	assert_int_equal(31, value);
	assert_int_equal(0, number("017", &value));
	assert_int_equal(15, value);
	assert_int_equal(0, str_to_u64("12345", 3, &value));
	assert_int_equal(123, value);
}

/* Each word of each length, by itself and behind another. */
TEST(words_differ)
{
	static const uint64_t from[] = { 0, 0x6b6b6b6b6b6b6b6b };
	uint64_t words[40];

	for (size_t n = 0; n <= 40; n++) {
		for (unsigned i = 0; i < 2; i++) {
			for (size_t w = 0; w < 40; w++)
				words[w] = w < n ? from[i] : ~from[i];
			assert_null(words_differ(words, n * 8, from[i]));
			for (size_t at = n; at-- > 0;) {
				words[at] ^= 1ull << (at * 7 + n) % 64;
				assert_ptr_equal(&words[at], words_differ(words, n * 8, from[i]));
			}
		}
	}
}
