/* SPDX-License-Identifier: MIT */
/* Bytes and strings. */
#pragma once

#include "lib/types.h"

/*
 * The kernel has its own; on the host the C library's are used (and a test builds ours under other
 * names by LIB_STRING_PREFIX).
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
/* Lets the compiler expand small ones; what it does not expand calls ours. */
#define memset(to, byte, n)  __builtin_memset(to, byte, n)
#define memcpy(to, from, n)  __builtin_memcpy(to, from, n)
#define memmove(to, from, n) __builtin_memmove(to, from, n)
#define strlen(s)	     __builtin_strlen(s)
#endif

/*
 * Copies a string into a buffer of size bytes, cutting it where it does not fit; always terminated
 * when size > 0.
 * => the length of `from`: not less than size means that it was cut
 */
size_t str_copy(char *to, const char *from, size_t size);

/* Does s begin with prefix? */
bool str_starts(const char *s, const char *prefix);

/*
 * Reads a whole string as a number: decimal, 0x hexadecimal, 0 octal. n may be cut out of a longer
 * one.
 * => 0; -EINVAL: not a number, -ERANGE: more than 64 bits
 */
int str_to_u64(const char *s, size_t n, uint64_t *ret);

/* The first word of memory that is not this one; NULL: all are. => p and bytes are multiples of 8 */
const void *words_differ(const void *p, size_t bytes, uint64_t from);
