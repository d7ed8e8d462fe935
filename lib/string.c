/* SPDX-License-Identifier: MIT */
/* Functions on bytes and strings, with loops that move words. */
#include "lib/string.h"

#include "abi/errno.h"
#include "lib/bits.h"

#if !__STDC_HOSTED__ || defined(LIB_STRING_PREFIX)

/* Without this, gcc turns the loops below into calls of the very functions that they are in. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#undef memset
#undef memcpy
#undef memmove
#undef strlen
#if defined(LIB_STRING_PREFIX)
#define memset	test_memset
#define memcpy	test_memcpy
#define memmove test_memmove
#define strlen	test_strlen
#endif

/* Eight bytes of any object. */
typedef uint64_t __attribute__((may_alias)) word_t;
#define WORD   sizeof(word_t)
#define UNROLL (8 * WORD)

static inline bool word_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

/* Can both be aligned by the same number of bytes? */
static inline bool word_congruent(const void *a, const void *b)
{
	return (((uintptr_t)a ^ (uintptr_t)b) & (WORD - 1)) == 0;
}

void *memset(void *to, int byte, size_t n)
{
	unsigned char *p = to;
	word_t w = (unsigned char)byte * 0x0101010101010101ul;

	while (n > 0 && !word_aligned(p, NULL)) {
		*p++ = (unsigned char)byte;
		n--;
	}
	for (; n >= UNROLL; p += UNROLL, n -= UNROLL) {
		word_t *q = (word_t *)p;

		q[0] = w;
		q[1] = w;
		q[2] = w;
		q[3] = w;
		q[4] = w;
		q[5] = w;
		q[6] = w;
		q[7] = w;
	}
	for (; n >= WORD; p += WORD, n -= WORD)
		*(word_t *)p = w;
	while (n-- > 0)
		*p++ = (unsigned char)byte;
	return to;
}

/*
 * Copies whole words between aligned addresses, 64 bytes at a time as far as possible. Returns the
 * number of bytes copied.
 */
static size_t words_up(unsigned char *p, const unsigned char *q, size_t n)
{
	size_t done = 0;

	for (; n - done >= UNROLL; done += UNROLL) {
		word_t *to = (word_t *)(p + done);
		const word_t *from = (const word_t *)(q + done);
		word_t a = from[0], b = from[1], c = from[2], d = from[3];
		word_t e = from[4], f = from[5], g = from[6], h = from[7];

		to[0] = a;
		to[1] = b;
		to[2] = c;
		to[3] = d;
		to[4] = e;
		to[5] = f;
		to[6] = g;
		to[7] = h;
	}
	for (; n - done >= WORD; done += WORD)
		*(word_t *)(p + done) = *(const word_t *)(q + done);
	return done;
}

/*
 * Copies whole words from an address that is not aligned to one that is. Each word is made of the
 * two aligned words that have its bytes, because unaligned loads may trap. So bytes next to the
 * source are read as well, but only from words that have bytes of the source. Returns the number of
 * bytes copied.
 */
__attribute__((no_sanitize("address"))) static size_t words_merged_up(unsigned char *p,
								      const unsigned char *q,
								      size_t n)
{
	const unsigned shift = 8 * ((uintptr_t)q & (WORD - 1)), other = 64 - shift;
	const word_t *from = (const word_t *)((uintptr_t)q & ~(WORD - 1));
	size_t done = 0;
	word_t low;

	if (n < WORD)
		return 0;
	low = *from;
	for (; n - done >= 4 * WORD; done += 4 * WORD, from += 4) {
		word_t *to = (word_t *)(p + done);
		word_t a = from[1], b = from[2], c = from[3], d = from[4];

		to[0] = low >> shift | a << other;
		to[1] = a >> shift | b << other;
		to[2] = b >> shift | c << other;
		to[3] = c >> shift | d << other;
		low = d;
	}
	for (; n - done >= WORD; done += WORD) {
		word_t high = *++from;

		*(word_t *)(p + done) = low >> shift | high << other;
		low = high;
	}
	return done;
}

/*
 * Copies from low to high addresses. Correct also if the ranges overlap and `to` is the lower one.
 */
static void copy_up(unsigned char *p, const unsigned char *q, size_t n)
{
	bool congruent = word_congruent(p, q);
	size_t done;

	while (n > 0 && !word_aligned(p, NULL)) {
		*p++ = *q++;
		n--;
	}
	done = congruent ? words_up(p, q, n) : words_merged_up(p, q, n);
	p += done;
	q += done;
	n -= done;
	while (n-- > 0)
		*p++ = *q++;
}

static void copy_down(unsigned char *p, const unsigned char *q, size_t n)
{
	if (word_congruent(p, q)) {
		while (n > 0 && !word_aligned(p + n, NULL)) {
			n--;
			p[n] = q[n];
		}
		while (n >= WORD) {
			n -= WORD;
			*(word_t *)(p + n) = *(const word_t *)(q + n);
		}
	}
	while (n > 0) {
		n--;
		p[n] = q[n];
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	copy_up(to, from, n);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to - (uintptr_t)from >= n)
		copy_up(to, from, n);
	else
		copy_down(to, from, n);
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a;
	const unsigned char *q = b;

	if (word_aligned(p, q)) {
		for (; n >= WORD && *(const word_t *)p == *(const word_t *)q; n -= WORD) {
			p += WORD;
			q += WORD;
		}
	}
	for (; n > 0; n--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
	for (const unsigned char *p = s; n > 0; n--, p++) {
		if (*p == (unsigned char)byte)
			return (void *)p;
	}
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0; max--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (*a == '\0')
			return 0;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (*s == '\0')
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (*s == '\0')
			return (char *)last;
	}
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (;; s++) {
		if (strncmp(s, what, n) == 0)
			return (char *)s;
		if (*s == '\0')
			return NULL;
	}
}

#endif

size_t str_copy(char *to, const char *from, size_t size)
{
	size_t len = strlen(from);

	if (size > 0) {
		size_t n = len < size ? len : size - 1;

		memcpy(to, from, n);
		to[n] = '\0';
	}
	return len;
}

/* '\t', '\n', '\v', '\f' and '\r' are neighbours. */
static bool char_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

const char *str_trim(const char *s, size_t *n)
{
	for (; *n && char_is_blank(*s); s++)
		--*n;
	while (*n && char_is_blank(s[*n - 1]))
		--*n;
	return s;
}

int str_to_u64(const char *s, size_t n, uint64_t *ret)
{
	unsigned base = 10;
	uint64_t value = 0;
	bool overflow = false;

	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
		n -= 2;
	} else if (n > 1 && s[0] == '0') {
		base = 8;
	}
	if (n == 0)
		return -EINVAL;
	for (; n > 0; n--, s++) {
		unsigned digit = str_digit(*s);

		if (digit >= base)
			return -EINVAL;
		overflow |= __builtin_mul_overflow(value, base, &value);
		overflow |= __builtin_add_overflow(value, digit, &value);
	}
	if (overflow)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* Words that are tested together, with one branch for all. */
#define TOGETHER 8

/* The bits in which any of the TOGETHER words at `word` differs from `from`. */
static inline UNCHECKED uint64_t differences(const uint64_t *word, uint64_t from)
{
	uint64_t bits = 0;

#pragma GCC unroll 8
	for (size_t i = 0; i < TOGETHER; i++)
		bits |= word[i] ^ from;
	return bits;
}

UNCHECKED const void *words_differ(const void *p, size_t bytes, uint64_t from)
{
	const uint64_t *word = p;
	const uint64_t *end = word + bytes / sizeof(*word);

	while (end - word >= TOGETHER && !differences(word, from))
		word += TOGETHER;
	for (; word < end; word++)
		if (*word != from)
			return word;
	return NULL;
}
