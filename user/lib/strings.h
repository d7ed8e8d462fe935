/* SPDX-License-Identifier: MIT */
/* Sequences of NUL-terminated strings: the format in which the runner passes arguments. */
#ifndef USER_LIB_STRINGS_H
#define USER_LIB_STRINGS_H

/*
 * Stores pointers to the strings in the n bytes. The last string may lack its NUL. bytes must have
 * room for n + 1 bytes: a NUL is written after them. `at` must have room for max + 1 pointers: a
 * null pointer follows the last. Returns the number of strings, or -E2BIG if there are more than
 * max.
 */
long strings_split(char *bytes, long n, char **at, long max);

#endif
