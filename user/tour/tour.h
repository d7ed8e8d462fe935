/* SPDX-License-Identifier: MIT */
/* What the stops of the guided tour share. It is an ordinary program and also runs on Linux. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "texts.h"

#define PAGE  4096ul
#define MIB   (1ul << 20)
#define GIB   (1ul << 30)
#define LARGE (2 * MIB) /* what a superpage maps */
#define WIDTH 78	/* columns of a line, of the terminal's 80 */

/* The value of a counter that this kernel does not offer. */
#define UNKNOWN LONG_MIN

/* ---- count.c: the kernel's counters of this process and of the machine ---- */

enum kind { KIND_FILL, KIND_COW, KIND_REUSE, KIND_OTHER, KINDS };

/* Counts since the program began, or differences between two readings. Each may be UNKNOWN. */
struct counts {
	long faults;
	long frames; /* taken from the machine, without tables; on Linux: resident pages */
	long tables; /* page-table pages */
	long kinds[KINDS];
	long around; /* pages of files that fault-around mapped */
	long grown;  /* times that the stack was extended */
};

struct machine {
	long memory_mib, free_mib, harts;  /* each may be UNKNOWN */
	long free_frames, swap, free_swap; /* in pages, on Faultline; swap is 0 without a disk */
};

/* Finds out how to read this kernel's counters. Call it before the others, and again in a child. */
void count_setup(void);
/* Does the kernel count faults by kind? Only Faultline does. */
bool count_has_kinds(void);
void count_machine(struct machine *ret);

/* A stop begins: a film of the tour has it as a part. */
void count_mark(int number, const char *call);

/*
 * Returns the address of the frame that a page of this process is mapped to. 0: it is not mapped.
 * 1: it is mapped, but the kernel does not give the address. UNKNOWN: the kernel does not tell.
 */
long page_frame(const volatile void *page);

/* How the hardware finds a page: the index at each level, and the frame in the entry of the last one. */
#define WALK_LEVELS 3
struct walk {
	int levels; /* that it takes; 2: the last entry maps LARGE bytes */
	unsigned index[WALK_LEVELS];
	long frame; /* 0: the page is not mapped */
};

/* Returns false if the kernel does not tell. */
bool page_walk(const volatile void *page, struct walk *ret);

/* Returns AnonHugePages, in KiB, of the mapping that an address is in, or UNKNOWN. */
long count_large(const volatile void *at);

/* What a large set of pages costs, on Faultline. */
struct paging {
	long faults;	    /* on the set */
	long major;	    /* faults of this process that waited for a disk */
	long written, read; /* pages of swap, by the whole machine */
};

/* The set is one mapping, which begins at this address and was made by this process. */
void count_paging(const void *set, struct paging *ret);

/* ---- meter.c: the cost of a piece of code ---- */

struct meter {
	struct counts before;
	struct counts cost; /* set by meter_stop() */
	uint64_t started;
	uint64_t spent; /* instructions or nanoseconds, see meter_is_exact() */
};

void meter_setup(void);
bool meter_is_exact(void);  /* true: it counts instructions; false: nanoseconds */
uint64_t meter_clock(void); /* the same for all processes, on one hart */
void meter_start(struct meter *meter);
void meter_stop(struct meter *meter);
void meter_add(struct meter *sum, const struct meter *more);

/* ---- draw.c: lines of at most 80 columns, with and without colour ---- */

enum colour { PLAIN, BOLD, DIM, GREEN, YELLOW, RED };

/*
 * Buffers all output until keys_wait() or the end. Otherwise the interrupt of a device that has
 * finished writing would fall into the next measurement.
 */
void draw_setup(bool colour);
int columns(const char *s); /* the width of a text; a Chinese character has two columns */
void paint(enum colour colour, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pad(const char *s, int width); /* a negative width aligns to the right */
void title(int number, const char *name, const char *call);
void draw_say(enum text text); /* prints its lines */
void rows_begin(void);
void draw_meter_row(const char *what, const struct meter *meter);

/* ---- keys.c ---- */

void keys_setup(void);
bool keys_present(void); /* are standard input and output a terminal? */
void keys_restore(void); /* restores the terminal's modes */
/*
 * Waits for a key if there is a terminal. q and Ctrl-D end the program. Returns false after Ctrl-C.
 */
bool keys_wait(void);
/*
 * For a stop that takes long. While it is on, Ctrl-C is no key but sends SIGINT. A handler may call
 * keys_interrupt(): then the next keys_wait() returns false at once.
 */
void keys_send_sigint(bool on);
void keys_interrupt(void);

/* ---- the stops, in their order; each prints its own text and figures ---- */

void stop_boot(void);
void stop_heap(void);
void stop_zero(void);
void stop_cow(void);
void stop_code(void);
void stop_stack(void);
void stop_null(void);
void stop_faults(void);
void stop_served(void);
void stop_large(void);
void stop_swap(void);
void stop_end(void);

/* ---- main.c ---- */

/* Does the prompt follow at the end of the tour and after Ctrl-C? */
bool prompt_follows(void);

/* Prints "tour: DOING: " and the text of errno, and exits with status 1. */
_Noreturn void die(const char *doing);
