/* SPDX-License-Identifier: MIT */
/* Reads the files in which the runner says what is to be done. */
#ifndef USER_LIB_SLURP_H
#define USER_LIB_SLURP_H

#define STRINGS_BYTES (1 << 20)
#define STRINGS_MAX   16384

/*
 * The contents of a file of NUL-terminated strings, and pointers to them. The arrays are in BSS, so
 * unused pages take no memory.
 */
struct strings {
	char bytes[STRINGS_BYTES + 1];
	char *at[STRINGS_MAX + 1];
};

/* Reads a file of at most max bytes. Returns its size, or -ERRNO (-E2BIG if it is larger). */
long slurp(const char *path, char *buf, long max);

/* Returns the number of strings in the file, or -ERRNO. A null pointer follows the last. */
long read_strings(const char *path, struct strings *s);

#endif
