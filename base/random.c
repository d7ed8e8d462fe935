/*
 * Random numbers: a key that each request replaces, so that what was given out can't be found from
 * what is kept.
 */
#include "base/random.h"

#include "lib/bits.h"
#include "lib/chacha.h"
#include "lib/string.h"
#include "sync/spinlock.h"

/* Innermost: whoever holds a lock may ask. */
static struct spinlock lock = SPINLOCK_INIT(LOCK_CONSOLE);
static uint8_t key[CHACHA_KEY_BYTES]; /* guarded by lock */

/* The first block of a key gives the next key. => lock held */
static void advance(void)
{
	uint8_t block[CHACHA_BLOCK_BYTES];

	chacha_block(key, 0, block);
	memcpy(key, block, sizeof(key));
	memset(block, 0, sizeof(block));
}

void random_seed(const void *seed, size_t n)
{
	const uint8_t *bytes = seed;
	unsigned long flags = spin_lock_irqsave(&lock);

	for (size_t i = 0; i < n; i++) {
		key[i % sizeof(key)] ^= bytes[i];
		if (i % sizeof(key) == sizeof(key) - 1 || i == n - 1)
			advance();
	}
	spin_unlock_irqrestore(&lock, flags);
}

void random_bytes(void *to, size_t n)
{
	uint8_t mine[CHACHA_KEY_BYTES], block[CHACHA_BLOCK_BYTES], *out = to;
	unsigned long flags = spin_lock_irqsave(&lock);

	memcpy(mine, key, sizeof(mine));
	advance();
	spin_unlock_irqrestore(&lock, flags);
	for (uint64_t counter = 1; n; counter++) {
		size_t piece = MIN(n, sizeof(block));

		chacha_block(mine, counter, block);
		memcpy(out, block, piece);
		out += piece;
		n -= piece;
	}
	memset(mine, 0, sizeof(mine));
	memset(block, 0, sizeof(block));
}
