/* SPDX-License-Identifier: MIT */
/* Puts strings together, for process 1, which has no C library. */
#ifndef USER_LIB_TEXT_H
#define USER_LIB_TEXT_H

#include <stdbool.h>

#define DECIMAL_SIZE 16

/* Writes a number in decimal digits. Returns where it begins, in `text`. */
const char *decimal(unsigned n, char text[DECIMAL_SIZE]);

/* Copies a string to where there is room for it. Returns its end. */
char *text_append(char *to, const char *s);

bool text_is_same(const char *a, const char *b);

#endif
