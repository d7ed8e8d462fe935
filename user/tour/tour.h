/* SPDX-License-Identifier: MIT */
/* The guided tour: what its stops share. It is an ordinary Linux program, and runs there too. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "texts.h"

#define PAGE  4096ul
#define MIB   (1ul << 20)
#define GIB   (1ul << 30)
#define WIDTH 78 /* columns, so that nothing reaches the edge of 80 */

/* Where nothing is known: a counter that this kernel does not offer. */
#define UNKNOWN LONG_MIN

/* ---- count.c: what the kernel says of this process and of the machine ---- */

enum kind { KIND_FILL, KIND_COW, KIND_REUSE, KIND_OTHER, KINDS };

/* Since the program began, or between two moments; UNKNOWN where it is. */
struct counts {
	long faults;
	long frames; /* taken from the machine but for tables; on Linux: resident pages */
	long tables; /* page-table pages */
	long kinds[KINDS];
	long around; /* pages of a file mapped beside the one asked for */
	long grown;  /* times that the stack was made longer */
};

struct machine {
	long memory_mib, free_mib, harts; /* UNKNOWN: not told */
};

/* Reads what does not change, and makes sure that measuring takes no fault itself. */
void count_setup(void);
bool count_has_kinds(void);
void count_machine(struct machine *ret);

/* The frame that holds a page of ours: its address; 0: none; 1: one, but where is not told; UNKNOWN. */
long page_frame(const volatile void *page);

/* ---- meter.c: what a piece of the program costs ---- */

struct meter {
	struct counts before;
	struct counts cost; /* set by meter_stop() */
	uint64_t started;
	uint64_t spent; /* instructions, or nanoseconds */
};

void meter_setup(void);
bool meter_is_exact(void); /* instructions; else nanoseconds */
void meter_start(struct meter *meter);
void meter_stop(struct meter *meter);
void meter_add(struct meter *sum, const struct meter *more);

/* ---- draw.c: lines of at most 80 columns, with and without colour ---- */

enum colour { PLAIN, BOLD, DIM, GREEN, YELLOW, RED };

/*
 * Nothing is written before keys_wait() or the end: a device that is done with its work would
 * interrupt what is measured next.
 */
void draw_setup(bool colour);
int columns(const char *s); /* a Chinese character has two */
void paint(enum colour colour, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pad(const char *s, int width); /* to the left where width is negative */
void title(int number, const char *name, const char *call);
void say(enum text text); /* the lines of it */
void rows_begin(void);
void row(const char *what, const struct meter *meter);

/* ---- keys.c ---- */

void keys_setup(void);
bool keys_present(void); /* there is a terminal */
void keys_restore(void);
/* Waits for a key, where there is a terminal; q ends the program. false: Ctrl-C. */
bool keys_wait(void);

/* ---- the stops, in this order; each tells what it shows ---- */

void stop_boot(void);
void stop_heap(void);
void stop_zero(void);
void stop_cow(void);
void stop_code(void);
void stop_stack(void);
void stop_null(void);
void stop_faults(void);
void stop_end(void);

/* ---- main.c ---- */

/* The prompt takes over when the tour is over, or left by Ctrl-C. */
bool prompt_follows(void);

/* Prints why the tour cannot go on, and ends with status 1. */
_Noreturn void die(const char *doing);
