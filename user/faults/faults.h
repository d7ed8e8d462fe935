/* SPDX-License-Identifier: MIT */
/* What programs build on faults that they handle themselves: four of them, each its own proof. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ul

/* What one did. */
struct faults_result {
	bool right;	 /* it checked itself */
	long faults;	 /* that its handler served */
	long figures[2]; /* what else is worth telling; see each */
};

/* ---- collector.c: a copying garbage collector beside its program; figures: collections, cells copied ---- */
void collector_run(struct faults_result *ret);

/* ---- checkpoint.c: a program's state saved while it goes on; figures: checkpoints, pages saved ---- */
void checkpoint_run(struct faults_result *ret);

/* ---- computed.c: 1 GiB of square roots; figures: roots asked for, the most pages there were ---- */
void computed_run(struct faults_result *ret);

/* ---- segment.c: a stack that a handler makes longer; figures: pages of it, calls at its limit ---- */
void segment_run(struct faults_result *ret);

/* ---- handler.c: what all share ---- */

/*
 * Calls serve() for each SIGSEGV from now on, with the page of its address, on a stack of its own;
 * where that answers false the fault is nobody's, and the program ends by it.
 */
void faults_handle(bool (*serve)(char *page));
long faults_handled(void); /* since faults_handle() */
void faults_handle_end(void);

/* Memory without any right, or ends the program. */
char *faults_reserve(size_t bytes);

/* Random numbers that are the same everywhere. */
uint64_t faults_random(uint64_t *state);

/* Prints why it cannot go on, and ends with status 1. */
_Noreturn void faults_die(const char *doing);
