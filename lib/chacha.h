/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function, for random numbers. */
#pragma once

#include "lib/types.h"

#define CHACHA_KEY_BYTES   32
#define CHACHA_BLOCK_BYTES 64

/* Computes the block for that key and 64-bit counter; the nonce is zero. */
void chacha_block(const uint8_t key[CHACHA_KEY_BYTES], uint64_t counter,
		  uint8_t block[CHACHA_BLOCK_BYTES]);
