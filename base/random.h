/* SPDX-License-Identifier: MIT */
/* Random numbers: a ChaCha20 generator that starts from the machine's seed. */
#pragma once

#include "lib/chacha.h"
#include "lib/types.h"

/* Mixes bytes into the state: what programs write to /dev/random, for example. */
void random_seed(const void *seed, size_t n);

/* Mixes in, at boot, bytes that cannot be predicted. */
void random_seed_secret(const void *seed, size_t n);
/* How many bits of these are in the state: RANDOM_STATE_BITS at most. */
unsigned random_entropy_bits(void);
#define RANDOM_STATE_BITS 256u

/*
 * Writes n random bytes. They depend on the seeds alone and are predictable without one. May be
 * called in any context, but not with LOCK_LOG or a lock inside it held.
 */
void random_bytes(void *to, size_t n);

/*
 * As many random numbers as a caller wants, from a key that is drawn once: by blocks, which cost as little as ChaCha does. Private to
 * the caller, who ends it so that nobody finds the key. Call in a context as random_bytes().
 */
struct random_stream {
	struct chacha_key key;
	uint64_t counter;
};

void random_begin(struct random_stream *stream);
void random_next(struct random_stream *stream, struct chacha_block *to, unsigned nblocks);
void random_end(struct random_stream *stream);
