/* The ChaCha20 block function (RFC 8439's, with a 64-bit counter). */
#include "lib/chacha.h"

static uint32_t load32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

/* Four columns, four diagonals. */
static void double_round(uint32_t *s)
{
	for (unsigned i = 0; i < 4; i++)
		quarter(s, i, 4 + i, 8 + i, 12 + i);
	for (unsigned i = 0; i < 4; i++)
		quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
}

void chacha_block(const uint8_t key[CHACHA_KEY_BYTES], uint64_t counter,
		  uint8_t block[CHACHA_BLOCK_BYTES])
{
	/* "expand 32-byte k" */
	uint32_t first[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, state[16];

	for (unsigned i = 0; i < 8; i++)
		first[4 + i] = load32(key + 4 * i);
	first[12] = (uint32_t)counter;
	first[13] = (uint32_t)(counter >> 32);
	for (unsigned i = 0; i < 16; i++)
		state[i] = first[i];
	for (unsigned round = 0; round < 10; round++)
		double_round(state);
	for (unsigned i = 0; i < 16; i++)
		store32(block + 4 * i, state[i] + first[i]);
}
