/* SPDX-License-Identifier: MIT */
/* Inputs made from other inputs. */
#pragma once

#include "lib/types.h"

/* No input gets longer than this. */
#define FUZZ_SIZE_MAX 8192u

struct fuzz_input {
	uint8_t *data;
	size_t size;
	bool good; /* the parser accepts it */
};

/* Whole inputs to start from, and the words that the format knows. */
struct fuzz_corpus {
	struct fuzz_input *inputs;
	size_t ninputs;
	struct fuzz_input *words;
	size_t nwords;
};

/* Runs with one seed have one sequence of numbers. */
void fuzz_seed(uint64_t seed);

/* Writes a mutation of an input of the corpus to `to` (FUZZ_SIZE_MAX bytes). Returns its size. */
size_t fuzz_mutate(const struct fuzz_corpus *corpus, uint8_t *to);
