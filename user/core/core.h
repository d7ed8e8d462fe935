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

/* The kind of this process' last fault at that address (FAULTLINE_FILL, ...), on any hart; -1: there was none. */
int fault_at(const volatile void *address);
/* Faults of a kind that this process has had in so many pages. */
long faults(int kind, const volatile void *start, unsigned long npages);
/* Free frames of memory. */
long frames_unused(void);

/* What a stop of the tour does. */
void tour_title(const char *name, const char *what);
/* So many new pages. */
volatile char *new_memory(unsigned long npages);
