/* SPDX-License-Identifier: MIT */
/* Bytes and strings. */
#pragma once

#include "lib/types.h"

/*
 * The kernel has its own functions. The host uses those of the C library, and a test builds the
 * kernel's under other names by LIB_STRING_PREFIX.
 */
#if defined(LIB_STRING_PREFIX)
#define memset	test_memset
#define memcpy	test_memcpy
#define memmove test_memmove
#define memcmp	test_memcmp
#define memchr	test_memchr
#define strlen	test_strlen
#define strnlen test_strnlen
#define strcmp	test_strcmp
#define strncmp test_strncmp
#define strchr	test_strchr
#define strrchr test_strrchr
#define strstr	test_strstr
#endif

#if __STDC_HOSTED__ && !defined(LIB_STRING_PREFIX)
#include <string.h>
#else
void *memset(void *to, int byte, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
#endif

#if !__STDC_HOSTED__
/* The compiler expands small ones inline, and calls the functions above for the others. */
#define memset(to, byte, n)  __builtin_memset(to, byte, n)
#define memcpy(to, from, n)  __builtin_memcpy(to, from, n)
#define memmove(to, from, n) __builtin_memmove(to, from, n)
#define strlen(s)	     __builtin_strlen(s)
#endif

/*
 * Copies a string into a buffer of `size` bytes and cuts it if it does not fit. The result is
 * terminated if size > 0. Returns the length of `from`; if that is not less than `size`, the string
 * was cut.
 */
size_t str_copy(char *to, const char *from, size_t size);

/* Returns the text of *n bytes without the blanks at both ends, and sets *n to the length of that. */
const char *str_trim(const char *s, size_t *n);

/* The value of a digit in any base up to 16, with letters of both cases; UINT32_MAX for other characters. */
static inline unsigned str_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : UINT32_MAX;
}

/*
 * Reads the n bytes at s as a number: decimal, hexadecimal after 0x, octal after 0. They need not
 * be terminated. Returns 0, -EINVAL if they are not a number, or -ERANGE if it has more than 64
 * bits.
 */
int str_to_u64(const char *s, size_t n, uint64_t *ret);

/*
 * Returns the first 64-bit word that differs from `from`, or NULL. p and bytes are multiples of 8.
 */
const void *words_differ(const void *p, size_t bytes, uint64_t from);
