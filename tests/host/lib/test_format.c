/* SPDX-License-Identifier: MIT */
/* Formatted text: every conversion and flag, against the C library's. */
#include <stdio.h>
#include <string.h>

#include "lib/bits.h"
#include "lib/format.h"
#include "test.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-zero-length"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-truncation"

/* Ours must write what the C library's snprintf writes, and return what it returns. */
#define same(...)                                                         \
	do {                                                              \
		char ours_[128], theirs_[128];                            \
		int n_ = ksnprintf(ours_, sizeof(ours_), __VA_ARGS__);    \
		int m_ = snprintf(theirs_, sizeof(theirs_), __VA_ARGS__); \
		assert_string_equal(theirs_, ours_);                      \
		assert_int_equal(m_, n_);                                 \
	} while (0)

TEST(numbers)
{
	same("%d %d %d %d", 0, 1, -1, INT32_MIN);
	same("%u %x %X %o", UINT32_MAX, 0xabcdefu, 0xABCDEFu, 0755u);
	same("%ld %lu %lx %llx %lld", INT64_MIN, UINT64_MAX, 0x123456789abcdefl, ~0ull, -5ll);
	same("%zu %zd %jd %td", SIZE_MAX, (ssize_t)INT64_MIN, INTMAX_MAX, (ptrdiff_t)INT64_MIN);
	same("%hd %hu %hhd %hhu", 70000, 70000, 300, 300);
	same("%i|%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42, 42);
	same("%#x %#X %#x", 255, 255, 0);
	same("%08lx %016llx", 0xdeadul, 0xbeefull);
}

TEST(precision)
{
	same("%.5d|%8.5d|%-8.5d|%08.5d|%.0d|%.0d", 42, 42, 42, 42, 0, 1);
	same("%*d|%-*d|%*d", 6, 42, 6, 42, -6, 42);
	same("%.*s|%.3s|%.10s", 2, "abc", "abcdef", "abc");
}

TEST(strings_and_chars)
{
	static const char unterminated[3] = { 'a', 'b', 'c' };

	same("%s|%8s|%-8s|%c|%3c|%%", "text", "text", "text", 'x', 'y');
	same("%.*s", 3, unterminated);
	same("%s", (char *)NULL);
	same("%p", (void *)0x1234);
	same("plain");
	same("");
}

TEST(bounds)
{
	char buf[8];

	memset(buf, 'z', sizeof(buf));
	assert_int_equal(6, ksnprintf(buf, 4, "%s", "abcdef"));
	assert_memory_equal("abc\0zzzz", buf, 8);
	assert_int_equal(5, ksnprintf(buf, 1, "%d", 12345));
	assert_int_equal('\0', buf[0]);
	assert_int_equal(100, ksnprintf(NULL, 0, "%100d", 1));
}

TEST(append)
{
	char buf[8];
	size_t pos = 0;

	assert_true(kappendf(buf, sizeof(buf), &pos, "%d", 123));
	assert_true(kappendf(buf, sizeof(buf), &pos, "%s", "abcd"));
	assert_int_equal(7, pos);
	assert_string_equal("123abcd", buf);
	assert_false(kappendf(buf, sizeof(buf), &pos, "e"));
	assert_int_equal(7, pos);
	assert_string_equal("123abcd", buf);
}

TEST(odd_formats)
{
	char buf[32];

	ksnprintf(buf, sizeof(buf), "a%");
	assert_string_equal("a", buf);
	ksnprintf(buf, sizeof(buf), "%q|");
	assert_string_equal("q|", buf);
}

TEST(random_against_libc)
{
	static const char *const flags[] = { "", "-", "0", "+", " ", "#", "-0", "+0", "-+", "# " };
	static const char convs[] = "duxXo";

	for (unsigned step = 0; step < test_steps(20000); step++) {
		char fmt[32];
		char conv = convs[test_below(5)];
		const char *flag = flags[test_below(ARRAY_SIZE(flags))];
		uint64_t value = test_random() >> test_below(64);

		/* We have no prefix for octal. */
		if (conv == 'o' && strchr(flag, '#') != NULL)
			continue;
		if (test_below(2))
			snprintf(fmt, sizeof(fmt), "%%%s%ul%c", flag, (unsigned)test_below(30),
				 conv);
		else
			snprintf(fmt, sizeof(fmt), "%%%s%u.%ul%c", flag, (unsigned)test_below(30),
				 (unsigned)test_below(25), conv);
		same(fmt, value);
	}
}
