/* SPDX-License-Identifier: MIT */
/* Four programs that handle their own page faults. Each checks its own result. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ul

/* The result of a program. */
struct faults_result {
	bool right;	 /* its check of itself passed */
	long faults;	 /* that its handler resolved */
	long figures[2]; /* two more figures, named at each program */
};

/* ---- collector.c: an incremental garbage collector; figures: collections, cells copied ---- */
void collector_run(struct faults_result *ret);

/* ---- checkpoint.c: checkpoints of a running program; figures: checkpoints, pages saved ---- */
void checkpoint_run(struct faults_result *ret);

/* ---- computed.c: 1 GiB of square roots on demand; figures: lookups, most pages at a time ---- */
void computed_run(struct faults_result *ret);

/* ---- segment.c: a stack that its handler extends; figures: its pages, overflows ---- */
void segment_run(struct faults_result *ret);

/* ---- handler.c: what all share ---- */

/*
 * From now on calls serve() for each SIGSEGV, with the page of the address, on an alternate signal
 * stack. serve() returns whether it resolved the fault; if not, SIGSEGV kills the program.
 */
void faults_handle(bool (*serve)(char *page));
long faults_handled(void); /* since faults_handle() */
void faults_handle_end(void);

/* Reserves memory that cannot be accessed (PROT_NONE). Exits if there is no room. */
char *faults_reserve(size_t bytes);

/* Returns the next random number. A state gives the same numbers on every machine. */
uint64_t faults_random(uint64_t *state);

/* Prints "DOING: " and the text of errno, and exits with status 1. */
_Noreturn void faults_die(const char *doing);
