/* SPDX-License-Identifier: MIT */
/* Random numbers: earlier output cannot be computed from the state that is kept. */
#include "base/random.h"

#include "lib/bits.h"
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

void random_begin(struct random_stream *stream)
{
	unsigned long flags = spin_lock_irqsave(&lock);

	random_draw(&stream->key, sizeof(stream->key));
	spin_unlock_irqrestore(&lock, flags);
	stream->counter = 0;
}

void random_next(struct random_stream *stream, struct chacha_block *to, unsigned nblocks)
{
	for (unsigned i = 0; i < nblocks; i++)
		chacha_make(&stream->key, stream->counter++, &to[i]);
}

void random_end(struct random_stream *stream)
{
	memset(stream, 0, sizeof(*stream));
}

/* A long request is generated from a key of its own. */
static void stretch(uint8_t *to, size_t n)
{
	struct random_stream stream;
	struct chacha_block block;

	random_begin(&stream);
	while (n) {
		size_t piece = MIN(n, sizeof(block));

		random_next(&stream, &block, 1);
		memcpy(to, &block, piece);
		to += piece;
		n -= piece;
	}
	memset(&block, 0, sizeof(block));
	random_end(&stream);
}

void random_bytes(void *to, size_t n)
{
	unsigned long flags;

	if (n > POOL_BYTES) {
		stretch(to, n);
		return;
	}
	flags = spin_lock_irqsave(&lock);
	random_draw(to, n);
	spin_unlock_irqrestore(&lock, flags);
}
