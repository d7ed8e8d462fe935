/* What a run has done, counted: for the report, and for the floors that keep it from falling. */
#pragma once

#include <stdint.h>

#include "mm/space.h"
#include "script.h"

struct counts {
	uint64_t steps, episodes;
	uint64_t op[OP_VERBS];	   /* carried out, by themselves or at a pause */
	uint64_t nested[OP_VERBS]; /* of these: at a pause */
	uint64_t refused;	   /* accesses that ended in a signal, as they must */
	uint64_t pauses;
	uint64_t waits_disk, waits_busy, early;
	uint64_t killed, out_of_memory;
	uint64_t checks;
	uint64_t kind[FAULT_KINDS];
	uint64_t retry[RETRY_REASONS];
};

extern struct counts counts;

/* Takes the figures of a space that ends. */
void counts_of_space(const struct space *space);

/* Prints them as lines for the summary of tests. */
void counts_print(void);

/* Compares them with the floors of a file: the number that fell, each said. */
unsigned counts_below(const char *path);
