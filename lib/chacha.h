/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function, for random numbers. */
#pragma once

#include "lib/types.h"

#define CHACHA_KEY_BYTES   32
#define CHACHA_BLOCK_BYTES 64

/* Both are of words, whose bytes are in the standard's order on a little-endian machine. */
struct chacha_key {
	uint32_t word[CHACHA_KEY_BYTES / sizeof(uint32_t)];
};

struct chacha_block {
	uint32_t word[CHACHA_BLOCK_BYTES / sizeof(uint32_t)];
};

/* Computes the block for that key and 64-bit counter; the nonce is zero. */
void chacha_make(const struct chacha_key *key, uint64_t counter, struct chacha_block *block);
