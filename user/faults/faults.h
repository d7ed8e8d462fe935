/* SPDX-License-Identifier: MIT */
/* Seven programs that handle their own page faults. Each checks its own result. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ul

/* The result of a program. */
struct faults_result {
	bool right;	 /* its check of itself passed */
	long faults;	 /* that its handler or its thread resolved */
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

/* ---- restore.c: a saved image that comes page by page; figures: look-ups, pages of the image ---- */
void restore_run(struct faults_result *ret);

/*
 * ---- migrate.c: a program that moves to another process; faults: pages that came, asked for or not;
 * figures: numbers that it sorts, its steps before the move ----
 */
void migrate_run(struct faults_result *ret);

/* ---- snapshot.c: snapshots by a thread; figures: snapshots, pages saved ---- */
void snapshot_run(struct faults_result *ret);

/* ---- handler.c: what those with a signal handler share, and what all do ---- */

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

/* ---- userfault.c: what those with a userfaultfd share ---- */

/* Returns whether the caller can have a userfaultfd with these features. */
bool faults_userfault_offers(uint64_t features);

/* Returns a userfaultfd for faults of user mode. This and what follows exits on errors. */
int faults_userfault_open(uint64_t features);

/* Registers whole pages; mode: UFFDIO_REGISTER_MODE_MISSING or UFFDIO_REGISTER_MODE_WP. */
void faults_userfault_register(int fd, char *at, size_t len, uint64_t mode);
void faults_userfault_unregister(int fd, char *at, size_t len);

/* Gives a missing page its bytes. Threads that wait for it go on. */
void faults_userfault_give(int fd, char *page, const char *from);

/* Waits for a fault and returns its page; NULL if `other` (-1: none) can be read before that. */
char *faults_userfault_next(int fd, int other);
