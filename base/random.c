/* SPDX-License-Identifier: MIT */
/* Random numbers: earlier output cannot be computed from the state that is kept. */
#include "base/random.h"

#include "lib/bits.h"
#include "lib/chacha.h"
#include "lib/string.h"
#include "sync/spinlock.h"

#define POOL_BLOCKS 2
#define POOL_BYTES  (POOL_BLOCKS * CHACHA_BLOCK_BYTES - CHACHA_KEY_BYTES)

/* The class is innermost, so that code that holds other locks may ask for random bytes. */
static struct spinlock lock = SPINLOCK_INIT(LOCK_CONSOLE);
/* guarded by lock: */
static struct chacha_key key;
static uint8_t pool[POOL_BYTES]; /* the last `left` bytes have not been given out */
static size_t left;

/* Generates the next key and a new pool from the key. Call with lock held. */
static void advance(void)
{
	struct chacha_block blocks[POOL_BLOCKS];

	for (unsigned i = 0; i < POOL_BLOCKS; i++)
		chacha_make(&key, i, &blocks[i]);
	memcpy(&key, blocks, sizeof(key));
	memcpy(pool, (char *)blocks + sizeof(key), sizeof(pool));
	memset(blocks, 0, sizeof(blocks));
	left = sizeof(pool);
}

/* Moves n bytes, at most POOL_BYTES, out of the pool and erases them there. Call with lock held. */
static void random_draw(void *to, size_t n)
{
	uint8_t *from;

	if (n > left)
		advance();
	from = pool + sizeof(pool) - left;
	memcpy(to, from, n);
	memset(from, 0, n);
	left -= n;
}

void random_seed(const void *seed, size_t n)
{
	uint8_t *bytes_of_key = (uint8_t *)&key;
	const uint8_t *bytes = seed;
	unsigned long flags = spin_lock_irqsave(&lock);

	for (size_t i = 0; i < n; i++) {
		bytes_of_key[i % sizeof(key)] ^= bytes[i];
		if (i % sizeof(key) == sizeof(key) - 1 || i == n - 1)
			advance();
	}
	spin_unlock_irqrestore(&lock, flags);
}

static unsigned secret_bits; /* const after boot */

void random_seed_secret(const void *seed, size_t n)
{
	random_seed(seed, n);
	secret_bits += (unsigned)MIN(n * 8, (size_t)(RANDOM_STATE_BITS - secret_bits));
}

unsigned random_entropy_bits(void)
{
	return secret_bits;
}

/* A long request is generated from a key of its own. */
static void stretch(const struct chacha_key *own_key, uint8_t *to, size_t n)
{
	struct chacha_block block;

	for (uint64_t counter = 0; n; counter++) {
		size_t piece = MIN(n, sizeof(block));

		chacha_make(own_key, counter, &block);
		memcpy(to, &block, piece);
		to += piece;
		n -= piece;
	}
	memset(&block, 0, sizeof(block));
}

void random_bytes(void *to, size_t n)
{
	struct chacha_key own_key;
	bool is_short = n <= POOL_BYTES;
	unsigned long flags = spin_lock_irqsave(&lock);

	if (is_short)
		random_draw(to, n);
	else
		random_draw(&own_key, sizeof(own_key));
	spin_unlock_irqrestore(&lock, flags);
	if (is_short)
		return;
	stretch(&own_key, to, n);
	memset(&own_key, 0, sizeof(own_key));
}
