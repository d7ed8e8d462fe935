/* SPDX-License-Identifier: MIT */
/* Strings that follow one another, each with its NUL: how the runner hands arguments over. */
#ifndef USER_LIB_STRINGS_H
#define USER_LIB_STRINGS_H

/*
 * Finds where each string of the n bytes begins; a last one without NUL counts too. bytes has room for
 * a NUL behind them, which is put there; at has room for max pointers and a null pointer behind the
 * last. Returns their number, or -E2BIG.
 */
long strings_split(char *bytes, long n, char **at, long max);

#endif
