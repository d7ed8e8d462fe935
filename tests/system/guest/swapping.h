/* SPDX-License-Identifier: MIT */
/* What the parts of the program swapping share: patterns, arrays, pressure, children. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#define PAGE  4096ul
#define WORDS (PAGE / 8)
#define MIB   (1ul << 20)

/* Says what is wrong, or which call failed and why, and ends the process with 1. */
noreturn void stop(const char *format, ...);
noreturn void stop_call(const char *call);

/* The sub-command that runs, and the part of it, if it has such: for messages. */
const char *command_name(void);
extern const char *part;

/* The fill with this number, counted from 1, has a wrong byte: a check must find it. 0: none. */
extern unsigned long spoiled;

/* Turns a number into another that looks random: one to one. */
uint64_t mix(uint64_t x);

/* The next number of a random sequence, and the seed of that. */
uint64_t chance(void);
void chance_seed(uint64_t seed);

/* Each word depends on its index, and on `start` in all bits. The check tells of page `number`. */
void fill_words(uint64_t *words, size_t n, uint64_t start);
void check_words(const uint64_t *words, size_t n, uint64_t start, uint64_t number);
uint64_t start_of(uint64_t number, uint64_t seed);

/* The whole of page `number` of an array, with bytes that only this number and this seed give. */
void fill(uint64_t *array, size_t number, uint64_t seed);
void check(const uint64_t *array, size_t number, uint64_t seed);

/* Fill and check the pages from `first` to the one before `end`. */
void fill_range(uint64_t *array, size_t first, size_t end, uint64_t seed);
void check_range(const uint64_t *array, size_t first, size_t end, uint64_t seed);
void check_zero(const uint64_t *array, size_t first, size_t end);

/* Maps private anonymous pages that can be read and written; flags are added. */
uint64_t *map(size_t npages, int flags);

/* Pushes other pages out: writes to an array of so many, and checks what it has written before. */
void press(size_t npages);

/* A child that runs this and exits with 0; the end of it (WIFSIGNALED: its signal + 128). */
pid_t start_child(void (*run)(void *arg), void *arg);
int end_of(pid_t child);

/*
 * An argument of a sub-command, which must be there: a number; in pages, a number of MiB or, with %,
 * a part of the memory that is free now.
 */
unsigned long number_at(char **argv, unsigned i);
size_t pages_at(char **argv, unsigned i);

/* The machine code that swapping_text.c makes a program of: the first page's, and the others'. */
extern const unsigned char text_first[], text_first_end[], text_other[], text_other_end[];

/* The sub-commands. argv[0] is the name, the arguments follow. */
void do_bomb(char **argv);
void do_fork(char **argv);
void do_full(char **argv);
void do_hog(char **argv);
void do_innocent(char **argv);
void do_kill(char **argv);
void do_robust(char **argv);
void do_shared(char **argv);
void do_storm(char **argv);
void do_text(char **argv);
void do_verbs(char **argv);
