/* SPDX-License-Identifier: MIT */
/* The messages of process 1, which has no C library. */
#ifndef USER_LIB_COMPLAIN_H
#define USER_LIB_COMPLAIN_H

/* Writes the string to standard error, once a line has ended. */
void complain_say(const char *s);

/* Prints "init: DOING WHAT: why". An error (-ERRNO) without a text is printed as a number. */
void complain(const char *doing, const char *what, long err);

#endif
