/* SPDX-License-Identifier: MIT */
/* What the programs of the core's archive share: they print what they find, and end with 1 if it is wrong. */
#pragma once

#include "lib/sys.h"

#define PAGE 4096ul

/* Writes strings to the console, the last one NULL. */
void print(const char *first, ...);
/* The digits of a number, in memory that the next call but seven uses again. */
const char *digits(long n);
/* "what: shown", and the program ends with 1 unless it is right. */
void check(const char *what, int is_right, const char *shown);

/* The kind of the last fault at that address (FAULTLINE_FILL, ...), which may have been on any hart; -1: there was none. */
int fault_at(const volatile void *address);
/* Free frames of memory. */
long frames_unused(void);
